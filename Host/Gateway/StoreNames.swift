import Store

// The store and other floors have types of the same name, and the module's name is also a type's, so that it cannot
// qualify them. These name the store's.
typealias StoredRecord = JournalRecord
typealias StoredKeyValue = KeyValueWrite
