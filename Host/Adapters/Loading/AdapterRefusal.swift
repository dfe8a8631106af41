/// Why an adapter is not used: a stable code for programs, a sentence for people.
package struct AdapterRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, CaseIterable, Sendable {
        /// The manifest has an error; the sentence names file, line and column.
        case manifestInvalid = "manifest.invalid"
        case manifestUnreadable = "manifest.unreadable"
        case duplicateID = "manifest.duplicate_id"
        /// A kind or isolation that this build does not have.
        case unavailable = "manifest.unavailable"
        case disabled = "manifest.disabled"
        case libraryMissing = "library.missing"
        /// The real path lies outside every allowed directory.
        case libraryEscapes = "library.escapes"
        case libraryNotRegular = "library.not_regular"
        case libraryOwner = "library.owner"
        case libraryMode = "library.mode"
        case libraryUnreadable = "library.unreadable"
        case libraryTooLarge = "library.too_large"
        case pinMissing = "library.pin_missing"
        case pinMismatch = "library.pin_mismatch"
        case notELF = "library.not_elf"
        case wrongArchitecture = "library.wrong_architecture"
        case notShared = "library.not_shared"
        case malformedELF = "library.malformed_elf"
        /// It needs a library beyond the system's and the language runtimes'.
        case needsLibrary = "library.needs"
        case runPath = "library.runpath"
        case noteMissing = "note.missing"
        case noteID = "note.id"
        case noteMajor = "note.abi_major"
        case noteSwiftRelease = "note.swift_release"
        case copyFailed = "library.copy_failed"
        case linkFailed = "library.link_failed"
        case noEntry = "library.no_entry"
        /// The adapter declined the offered versions, in its own words.
        case entryRefused = "entry.refused"
        case entryFailed = "entry.failed"
        case entryMinor = "entry.abi_minor"
        case entryVocabulary = "entry.vocabulary"
        case tableInvalid = "module.table"
        case descriptorInvalid = "module.descriptor"
        case descriptorID = "module.id"
        case descriptorVersion = "module.version"
    }
    package var code: Code
    package var text: String
    package init(_ code: Code, _ text: String) { (self.code, self.text) = (code, text) }
    package var description: String { "\(code.rawValue): \(text)" }
}
