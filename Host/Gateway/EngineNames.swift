import Engine

// As in StoreNames.swift.
typealias RecordCodec = JournalRecord
