import ArgumentParser
import Domain

/// A word of the order vocabulary on the command line, in any capitals.
struct WordArgument<Word: VocabularyWord>: ExpressibleByArgument, Sendable {
    let word: Word

    init?(argument: String) {
        let found = Word.allCases.first { $0.rawName.uppercased() == argument.uppercased() }
        guard let found else { return nil }
        word = found
    }

    static var allValueStrings: [String] { Word.allCases.map(\.rawName) }
    var defaultValueDescription: String { word.rawName }
}
