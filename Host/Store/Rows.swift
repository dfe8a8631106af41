package import Domain

/// The last state of one run. `body` is opaque; the other columns are what lists are filtered by.
package struct RunRow: Hashable, Sendable {
    package var run: RunID
    /// Fixed at creation; `nil` for an order on one account.
    package var groupID: GroupID?
    /// Fixed at creation; the account of a single order, `nil` for a fan-out.
    package var accountID: AccountID?
    package var status: String
    /// Fixed at creation.
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var body: [UInt8]

    package init(
        run: RunID, groupID: GroupID?, accountID: AccountID?, status: String, createdAt: Timestamp,
        updatedAt: Timestamp, body: [UInt8]
    ) {
        (self.run, self.groupID, self.accountID, self.status) = (run, groupID, accountID, status)
        (self.createdAt, self.updatedAt, self.body) = (createdAt, updatedAt, body)
    }
}

/// The last state of one leg. All but status, time and body is fixed at creation.
package struct LegRow: Hashable, Sendable {
    package var leg: LegID
    /// The first id issued for the leg, unique for ever; those of its slices and replacements are in `body`.
    package var clientOrderID: ClientOrderID
    package var accountID: AccountID
    package var adapterID: AdapterID
    package var symbol: String
    package var side: String
    package var status: String
    package var updatedAt: Timestamp
    package var body: [UInt8]

    package init(
        leg: LegID, clientOrderID: ClientOrderID, accountID: AccountID, adapterID: AdapterID, symbol: String,
        side: String, status: String, updatedAt: Timestamp, body: [UInt8]
    ) {
        (self.leg, self.clientOrderID, self.accountID, self.adapterID) = (leg, clientOrderID, accountID, adapterID)
        (self.symbol, self.side, self.status) = (symbol, side, status)
        (self.updatedAt, self.body) = (updatedAt, body)
    }
}

/// One execution, written once and never changed: corrections and busts are executions of their own.
package struct ExecutionRow: Hashable, Sendable {
    package var adapterID: AdapterID
    package var accountID: AccountID
    /// The broker's own (FIX 17), unique within adapter and account.
    package var executionID: String
    /// `NEW`, `CORRECT` or `BUST`.
    package var kind: String
    /// The execution that a correction or bust takes the place of (FIX 19).
    package var replaces: String?
    /// `nil` for an execution of an order that is not ours.
    package var leg: LegID?
    package var symbol: String?
    package var side: String
    /// FIX 32, `LastQty`, an exact decimal; so are price and fees.
    package var lastQuantity: String
    package var lastPrice: String
    package var fees: String
    /// The broker's time, where it gave one.
    package var transactTime: Timestamp?
    package var recordedAt: Timestamp

    package init(
        adapterID: AdapterID, accountID: AccountID, executionID: String, kind: String = "NEW",
        replaces: String? = nil, leg: LegID?, symbol: String?, side: String, lastQuantity: String, lastPrice: String,
        fees: String, transactTime: Timestamp?, recordedAt: Timestamp
    ) {
        (self.adapterID, self.accountID, self.executionID) = (adapterID, accountID, executionID)
        (self.kind, self.replaces, self.leg, self.symbol, self.side) = (kind, replaces, leg, symbol, side)
        (self.lastQuantity, self.lastPrice, self.fees) = (lastQuantity, lastPrice, fees)
        (self.transactTime, self.recordedAt) = (transactTime, recordedAt)
    }
}

/// What one `Idempotency-Key` of one caller stands for, kept for `Store.idempotencyRetention` at least.
package struct IdempotencyRow: Hashable, Sendable {
    /// The principal behind the API key, not the key.
    package var caller: String
    package var key: String
    /// Of route and decoded body: another body under the same key is a mistake of the caller.
    package var fingerprint: [UInt8]
    /// What was made: a run or an order.
    package var subject: String
    package var createdAt: Timestamp

    package init(caller: String, key: String, fingerprint: [UInt8], subject: String, createdAt: Timestamp) {
        (self.caller, self.key, self.fingerprint) = (caller, key, fingerprint)
        (self.subject, self.createdAt) = (subject, createdAt)
    }
}

/// A durable value of one adapter for one account.
package struct KeyValue: Hashable, Sendable {
    package var key: String
    package var value: [UInt8]

    package init(key: String, value: [UInt8]) { (self.key, self.value) = (key, value) }
}

/// A put or, without a value, a delete of one adapter's key. Of several for one key in a batch the last one holds.
package struct KeyValueWrite: Hashable, Sendable {
    package var adapterID: AdapterID
    package var accountID: AccountID
    package var key: String
    /// `nil` deletes; deleting what is not there is no error.
    package var value: [UInt8]?

    package init(adapterID: AdapterID, accountID: AccountID, key: String, value: [UInt8]?) {
        (self.adapterID, self.accountID, self.key, self.value) = (adapterID, accountID, key, value)
    }
}

/// A named fact about the data directory itself, such as its prefix of client order ids.
package struct MetaWrite: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) { (self.name, self.value) = (name, value) }
}
