import ArgumentParser
import Exact

/// `sluice questions`
struct QuestionsCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "questions", abstract: "What brokers ask before they take an order.",
        subcommands: [List.self, Answer.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Questions that wait for an answer.",
            discussion: """
                Example: sluice questions list

                An answer is never assumed: an order whose question nobody answers by its deadline becomes unknown and is \
                looked up at the broker. A manifest answers questions of a kind by itself with 'questions: { o163: confirm }'.
                """)
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            try await session.show(.get, "/api/questions") { answer, style in
                var table = Table([
                    .text("QUESTION"), .text("ACCOUNT"), .text("RUN").optional, .text("UNTIL"), .text("OPTIONS"),
                    .sentence("TEXT"),
                ])
                for item in answer.items {
                    let options = item["options"]?.array?.map { "\($0.text("id")) (\($0.text("meaning")))" } ?? []
                    table.append([
                        Table.Cell(item.text("id"), .bold), Table.Cell(item.text("account_id")),
                        Table.Cell(item.text("run_id")), Table.Cell(item.text("deadline")),
                        Table.Cell(options.joined(separator: ", ")), Table.Cell(item.text("text").displayable),
                    ])
                }
                return table.isEmpty ? ["no broker waits for an answer"] : table.lines(style)
            }
        }
    }

    struct Answer: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answer a broker's question.",
            discussion: "Example: sluice questions answer AB1234-1 yes")
        @Argument(help: "The question's id.") var id: String
        @Argument(help: "The id of one of its options.") var option: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "questions", id)
            try await session.show(.post, path, body: .object(["option": .string(option)])) { _, _ in
                ["\(id): answered \(option)"]
            }
        }
    }
}
