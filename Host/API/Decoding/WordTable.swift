import Domain

/// The words of one vocabulary, looked up without walking through it anew for each request.
struct WordTable<Word: VocabularyWord>: Sendable {
    private let words: [(text: String, word: Word)]

    init() { words = Word.allCases.map { ($0.rawName, $0) } }

    /// The word of exactly this spelling: unknown ones are refused, never defaulted.
    subscript(text: String) -> Word? {
        for entry in words where entry.text == text { return entry.word }
        return nil
    }
}

/// The vocabularies that orders are made of.
enum Words {
    static let side = WordTable<Side>()
    static let orderType = WordTable<OrderType>()
    static let product = WordTable<Product>()
    static let timeInForce = WordTable<TimeInForce>()
    static let orderClass = WordTable<OrderClass>()
    static let mode = WordTable<ExecutionMode>()
    static let onLegFailure = WordTable<LegFailurePolicy>()
    static let policy = WordTable<AllocationPolicy>()
    static let carry = WordTable<CarryMode>()
    static let environment = WordTable<TradingEnvironment>()
}
