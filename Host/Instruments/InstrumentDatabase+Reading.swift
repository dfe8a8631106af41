import Domain
import GRDB

import struct Foundation.Data

extension InstrumentDatabase {
    /// Sources, and when each was refreshed last, in that order: of names and price bands the latest ones said hold.
    func sources() throws -> [(name: String, refreshedAt: Timestamp)] {
        try pool.read { database in
            try Row.fetchAll(database, sql: "SELECT name, refreshed_at FROM source ORDER BY refreshed_at, name").map {
                ($0["name"], Timestamp(nanoseconds: $0["refreshed_at"]))
            }
        }
    }

    /// Goes through what a source lists, in order of ids.
    func forEachRow(of source: String, _ body: (InstrumentFields) -> Void) throws {
        try forEachRow("FROM listing AS l JOIN instrument AS i USING(uid) WHERE l.source = ? ORDER BY i.id", [source]) {
            row, _ in body(row)
        }
    }

    /// Goes through what sources list no more, each as it was listed at last, in the order in which they stopped.
    func forEachWithdrawn(_ body: (InstrumentFields, _ source: String) -> Void) throws {
        try forEachRow("FROM withdrawn AS l JOIN instrument AS i USING(uid) ORDER BY l.at, l.source, i.id", [], body)
    }

    private func forEachRow(
        _ which: String, _ arguments: StatementArguments, _ body: (InstrumentFields, _ source: String) -> Void
    ) throws {
        try pool.read { database in
            var known: [String: InstrumentTerms] = [:]
            let cursor = try Row.fetchCursor(
                database,
                sql: """
                    SELECT i.id, l.figures, l.name, l.price_low, l.price_high, l.isin, l.alias, l.broker_data, l.source
                    \(which)
                    """, arguments: arguments)
            while let row = try cursor.next() {
                let figures: String = row[1]
                guard let terms = known[figures] ?? InstrumentTerms(packed: figures) else {
                    throw InstrumentMasterFailure(
                        "\(path): the figures '\(figures)' of \(row[0] as String) are damaged")
                }
                known[figures] = terms
                var fields = InstrumentFields(id: InstrumentID(canonical: row[0]), terms: terms)
                fields.name = row[2]
                fields.priceLow = (row[3] as String?).flatMap { ExactDecimal($0) }
                fields.priceHigh = (row[4] as String?).flatMap { ExactDecimal($0) }
                fields.isin = (row[5] as String?).flatMap { ISIN($0) }
                fields.alias = row[6]
                fields.brokerData = (row[7] as Data?).map { Array($0) }
                body(fields, row[8])
            }
        }
    }

    /// Whose figures stood, and what persons said, before the restart.
    func words() throws -> (
        leaders: [(id: InstrumentID, source: String)],
        acknowledgements: [(id: InstrumentID, source: String, stated: String)]
    ) {
        try pool.read { database in
            let leaders = try Row.fetchAll(
                database, sql: "SELECT id, source FROM leader JOIN instrument USING(uid) ORDER BY id")
            let words = try Row.fetchAll(
                database,
                sql: "SELECT id, source, stated FROM acknowledgement JOIN instrument USING(uid) ORDER BY id")
            return (
                leaders.map { (InstrumentID(canonical: $0[0]), $0[1]) },
                words.map { (InstrumentID(canonical: $0[0]), $0[1], $0[2]) }
            )
        }
    }

    /// Old ids that lead to one that is listed: names that ended, and instruments whose uid could not move.
    func successors() throws -> [(old: InstrumentID, new: InstrumentID)] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT a.text, i.id FROM alias AS a JOIN instrument AS i USING(uid) WHERE a.namespace = ?
                        AND NOT EXISTS (SELECT 1 FROM instrument AS o WHERE o.id = a.text)
                    UNION SELECT o.id, i.id FROM instrument AS o JOIN instrument AS i ON i.uid = o.renamed_to
                    ORDER BY 1
                    """, arguments: [Self.ownNamespace]
            ).map { (InstrumentID(canonical: $0[0]), InstrumentID(canonical: $0[1])) }
        }
    }

    func acknowledge(
        _ id: InstrumentID, source: String, stated: String, by person: String, reason: String, at: Timestamp
    ) throws {
        try pool.write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO acknowledgement(uid, source, stated, person, reason, at)
                        SELECT uid, ?, ?, ?, ?, ? FROM instrument WHERE id = ?
                    """, arguments: [source, stated, person, reason, at.nanoseconds, id.text])
        }
    }

    /// Gives uids to instruments of the configuration, which no refresh ends.
    func fix(_ ids: [InstrumentID], at: Timestamp) throws {
        try pool.write { database in
            var former = Set(try String.fetchAll(database, sql: "SELECT id FROM instrument WHERE is_fixed = 1"))
            let insert = try database.makeStatement(
                sql: """
                    INSERT INTO instrument(id, valid_from, named_from, is_fixed) VALUES (:id, :at, :at, 1)
                        ON CONFLICT(id) DO UPDATE SET is_fixed = 1, valid_to = NULL
                    """)
            for id in ids where former.remove(id.text) == nil {
                try insert.execute(arguments: ["id": id.text, "at": at.nanoseconds])
            }
            for id in former {
                try database.execute(
                    sql: """
                        UPDATE instrument SET is_fixed = 0, valid_to = CASE
                            WHEN EXISTS (SELECT 1 FROM listing WHERE listing.uid = instrument.uid) THEN NULL
                            ELSE :at END WHERE id = :id
                        """, arguments: ["id": id, "at": at.nanoseconds])
            }
        }
    }

    /// What is stored of an instrument beside its figures.
    func identity(of id: InstrumentID) throws -> InstrumentIdentity? {
        try pool.read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT uid, valid_from, valid_to, named_from, isin FROM instrument WHERE id = ?",
                    arguments: [id.text])
            else { return nil }
            let uid: Int64 = row["uid"]
            let own = InstrumentAlias(
                namespace: Self.ownNamespace, text: id.text, brokerData: nil,
                validFrom: Timestamp(nanoseconds: row["named_from"]), validTo: nil)
            let present = try Row.fetchAll(
                database,
                sql: """
                    SELECT source, alias, broker_data, named_from, NULL FROM listing
                        WHERE uid = ? AND alias IS NOT NULL ORDER BY source
                    """, arguments: [uid])
            let past = try Row.fetchAll(
                database,
                sql: """
                    SELECT namespace, text, broker_data, valid_from, valid_to FROM alias WHERE uid = ?
                        ORDER BY valid_to DESC, namespace, text LIMIT \(InstrumentIdentity.maximumPastNames)
                    """, arguments: [uid])
            return InstrumentIdentity(
                uid: uid, validFrom: Timestamp(nanoseconds: row["valid_from"]),
                validTo: (row["valid_to"] as Int64?).map { Timestamp(nanoseconds: $0) },
                aliases: [own] + (present + past).map(InstrumentAlias.init))
        }
    }

    /// The instrument that had a name last; `nil` where none had it, or several until the same moment.
    func lastHolder(of text: String, in namespace: String) throws -> InstrumentID? {
        try pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT i.id, a.valid_to FROM alias AS a JOIN instrument AS i USING(uid)
                        WHERE a.namespace = ? AND a.text = ? ORDER BY a.valid_to DESC LIMIT 2
                    """, arguments: [namespace, text])
            guard let first = rows.first else { return nil }
            if rows.count > 1, rows[1][1] as Int64 == first[1] as Int64 { return nil }
            return InstrumentID(canonical: first[0])
        }
    }

    /// Instruments that a name of a namespace stands for at a time. More than one is no answer: the caller says so.
    func find(_ text: String, in namespace: String, at: Timestamp) throws -> [InstrumentID] {
        try pool.read { database in
            let sql =
                switch namespace {
                case "isin": "SELECT id FROM instrument WHERE isin = :text AND valid_to IS NULL ORDER BY id LIMIT 10"
                default:
                    """
                    SELECT i.id FROM listing AS l JOIN instrument AS i USING(uid)
                        WHERE l.source = :space AND l.alias = :text AND l.named_from <= :at
                    UNION SELECT i.id FROM alias AS a JOIN instrument AS i USING(uid)
                        WHERE a.namespace = :space AND a.text = :text AND a.valid_from <= :at AND a.valid_to > :at
                    ORDER BY 1 LIMIT 10
                    """
                }
            let arguments: StatementArguments =
                namespace == "isin"
                ? ["text": text] : ["space": namespace, "text": text, "at": at.nanoseconds]
            return try String.fetchAll(database, sql: sql, arguments: arguments).map { InstrumentID(canonical: $0) }
        }
    }
}

extension InstrumentAlias {
    fileprivate init(_ row: Row) {
        self.init(
            namespace: row[0], text: row[1], brokerData: (row[2] as Data?).map { Array($0) },
            validFrom: Timestamp(nanoseconds: row[3]), validTo: (row[4] as Int64?).map { Timestamp(nanoseconds: $0) })
    }
}
