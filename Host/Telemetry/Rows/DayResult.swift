package import Domain

/// What an account's trading day brought, in one currency, as the ledger has it.
package struct DayResult: Hashable, Sendable {
    package var account: AccountID
    /// Days since 1970 of the account's trading day.
    package var day: Int64
    package var currency: Currency
    /// Realised and unrealised since the day's opening marks, after fees; minor units. `nil` = a position had no price.
    package var result: Int64?
    /// Minor units, positive is paid.
    package var fees: Int64
    /// When it was counted: at the end of the day for a closed one.
    package var at: Timestamp
    /// Whether the day is over: its marks are those that the next day opened with.
    package var isClosed: Bool

    package init(
        account: AccountID, day: Int64, currency: Currency, result: Int64?, fees: Int64, at: Timestamp, isClosed: Bool
    ) {
        (self.account, self.day, self.currency) = (account, day, currency)
        (self.result, self.fees, self.at, self.isClosed) = (result, fees, at, isClosed)
    }
}
