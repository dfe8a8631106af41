import ArgumentParser
import Exact

/// `sluice positions`
struct PositionsCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "positions", abstract: "What the accounts hold.", subcommands: [List.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Positions with their results.", discussion: "Example: sluice positions list --group family")
        @Option(help: "Only this account's.") var account: String?
        @Option(help: "Only those of this group's accounts.") var group: String?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "positions", query: [("account", account), ("group", group)])
            try await session.show(.get, path) { answer, style in
                let rows = answer.items
                return rows.isEmpty
                    ? ["no positions"] : PositionsCommand.table(rows).lines(style) + answer.nextPage(style)
            }
        }
    }

    static func table(_ rows: [JSONValue]) -> Table {
        var table = Table([
            .text("ACCOUNT"), .text("SYMBOL"), .number("QUANTITY"), .number("AVG PRICE"), .number("LAST").optional,
            .number("OPEN BUY").optional, .number("OPEN SELL").optional, .number("REALISED").optional,
            .number("UNREALISED").optional, .number("FEES").optional, .number("DAY").optional, .text("").optional,
        ])
        func unlessZero(_ row: JSONValue, _ name: String) -> Table.Cell {
            Table.Cell(row[name]?.decimalOrText?.isZero == true ? "" : row.text(name))
        }
        func result(_ text: String) -> Table.Cell {
            Table.Cell(text, text.hasPrefix("-") ? .bad : ExactDecimal(text)?.isZero == false ? .good : .plain)
        }
        for row in rows {
            table.append([
                Table.Cell(row.text("account_id"), .bold), Table.Cell(row.text("symbol")),
                Table.Cell(row.text("quantity")),
                Table.Cell(row.text("average_price")), Table.Cell(row.text("last_price")),
                unlessZero(row, "open_buy_quantity"), unlessZero(row, "open_sell_quantity"),
                result(row.text("realised_pnl")),
                result(row.text("unrealised_pnl")), unlessZero(row, "fees"), result(row.text("day_pnl")),
                Table.Cell(row.text("currency")),
            ])
        }
        return table
    }
}
