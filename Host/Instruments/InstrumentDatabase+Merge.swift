import Domain
import GRDB

import struct Foundation.Data

extension InstrumentDatabase {
    /// A dump as it is stored, in one transaction: all of it or nothing.
    struct Dump {
        let source: String
        let at: Timestamp
        let content: InstrumentLoad.Content
        let renames: [InstrumentRename]
        /// Of instruments on which an adapter deviates: whose figures stand.
        let leaders: [(id: InstrumentID, source: String)]
    }

    func store(_ dump: Dump) throws {
        try pool.write { database in
            let (source, at) = (dump.source, dump.at.nanoseconds)
            try stage(dump, database)
            let moved = try moveNames(dump, database)
            try database.execute(
                sql: """
                    INSERT INTO instrument(id, valid_from, named_from)
                        SELECT id, :at, :at FROM staged AS s
                        WHERE kept = 0 AND NOT EXISTS (SELECT 1 FROM instrument WHERE id = s.id) ORDER BY id;
                    """, arguments: ["at": at])
            try database.execute(
                sql: "UPDATE staged SET uid = (SELECT uid FROM instrument WHERE instrument.id = staged.id)")
            try database.execute(sql: "CREATE INDEX temp.staged_uid ON staged(uid)")
            // Yesterday's names are kept with the time at which they ended.
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO alias(namespace, text, uid, broker_data, valid_from, valid_to)
                        SELECT l.source, l.alias, l.uid, l.broker_data, l.named_from, :at FROM listing AS l
                        LEFT JOIN staged AS s ON s.uid = l.uid
                        WHERE l.source = :source AND l.alias IS NOT NULL
                            AND (s.uid IS NULL
                                OR s.kept = 0 AND (s.alias IS NOT l.alias OR s.broker_data IS NOT l.broker_data));
                    """, arguments: ["source": source, "at": at])
            try keepWithdrawn(dump, database)
            try database.execute(
                sql:
                    "DELETE FROM listing WHERE source = :source AND uid NOT IN (SELECT uid FROM staged WHERE uid NOT NULL)",
                arguments: ["source": source])
            try database.execute(
                sql: """
                    INSERT INTO listing(
                            source, uid, figures, name, price_low, price_high, isin, alias, broker_data, named_from)
                        SELECT :source, s.uid, t.figures, s.name, s.price_low, s.price_high, s.isin, s.alias,
                            s.broker_data, :at
                        FROM staged AS s JOIN staged_terms AS t ON t.number = s.terms WHERE s.kept = 0 ORDER BY s.uid
                    ON CONFLICT(source, uid) DO UPDATE SET
                        figures = excluded.figures, name = excluded.name, price_low = excluded.price_low,
                        price_high = excluded.price_high, isin = excluded.isin,
                        named_from = CASE WHEN alias IS excluded.alias AND broker_data IS excluded.broker_data
                            THEN named_from ELSE excluded.named_from END,
                        alias = excluded.alias, broker_data = excluded.broker_data;
                    """, arguments: ["source": source, "at": at])
            try database.execute(
                sql: """
                    UPDATE instrument SET isin = s.isin FROM staged AS s
                        WHERE s.uid = instrument.uid AND s.isin IS NOT NULL AND s.isin IS NOT instrument.isin;
                    """)
            for rename in dump.renames where !moved.contains(rename.old) {
                try database.execute(
                    sql: "UPDATE instrument SET renamed_to = (SELECT uid FROM instrument WHERE id = ?) WHERE id = ?",
                    arguments: [rename.new.text, rename.old.text])
            }
            try database.execute(
                sql: """
                    UPDATE instrument SET valid_to = :at WHERE valid_to IS NULL AND is_fixed = 0
                        AND NOT EXISTS (SELECT 1 FROM listing WHERE listing.uid = instrument.uid);
                    """, arguments: ["at": at])
            try database.execute(
                sql: """
                    UPDATE instrument SET valid_to = NULL, renamed_to = NULL WHERE valid_to IS NOT NULL
                        AND EXISTS (SELECT 1 FROM listing WHERE listing.uid = instrument.uid);
                    """)
            try database.execute(
                sql: "INSERT OR REPLACE INTO source(name, refreshed_at) VALUES (?, ?)", arguments: [source, at])
            try database.execute(sql: "DELETE FROM leader")
            for (id, leader) in dump.leaders {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO leader(uid, source) SELECT uid, ? FROM instrument WHERE id = ?",
                    arguments: [leader, id.text])
            }
            try database.execute(sql: "DROP TABLE temp.staged; DROP TABLE temp.staged_terms")
        }
    }

    /// Instruments that nobody lists whose figures are kept, beyond which those that were listed longest ago go.
    static let maximumWithdrawn = 200_000

    /// What the source lists no more keeps its last figures and names, until it is listed again.
    private func keepWithdrawn(_ dump: Dump, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO withdrawn
                    SELECT source, uid, figures, name, price_low, price_high, isin, alias, broker_data, :at
                    FROM listing WHERE source = :source AND uid NOT IN (SELECT uid FROM staged WHERE uid NOT NULL);
                """, arguments: ["source": dump.source, "at": dump.at.nanoseconds])
        try database.execute(
            sql: "DELETE FROM withdrawn WHERE source = ? AND uid IN (SELECT uid FROM staged WHERE uid NOT NULL)",
            arguments: [dump.source])
        try database.execute(
            sql: """
                DELETE FROM withdrawn WHERE (source, uid) IN (
                    SELECT source, uid FROM withdrawn ORDER BY at DESC, uid DESC LIMIT -1 OFFSET \(Self.maximumWithdrawn));
                """)
        let day = CivilDate(
            daysSinceEpoch: dump.at.nanoseconds / 86_400_000_000_000 - Self.daysAfterExpiry)
        let expired = try Row.fetchAll(
            database, sql: "SELECT w.source, w.uid, i.id FROM withdrawn AS w JOIN instrument AS i USING(uid)"
        ).filter { InstrumentIDParts(InstrumentID(canonical: $0[2])).expiry.map { $0 < day } ?? false }
        let delete = try database.makeStatement(sql: "DELETE FROM withdrawn WHERE source = ? AND uid = ?")
        for row in expired { try delete.execute(arguments: [row[0] as String, row[1] as Int64]) }
    }

    /// A contract's figures are kept so long after its expiry: what is open in it is settled by then.
    static let daysAfterExpiry: Int64 = 35

    private func stage(_ dump: Dump, _ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TEMP TABLE staged_terms(number INTEGER PRIMARY KEY, figures TEXT NOT NULL) STRICT;
                CREATE TEMP TABLE staged(
                    id TEXT PRIMARY KEY, terms INTEGER NOT NULL, name TEXT, price_low TEXT, price_high TEXT, isin TEXT,
                    alias TEXT, broker_data BLOB, kept INTEGER NOT NULL, uid INTEGER) STRICT, WITHOUT ROWID;
                """)
        for (number, terms) in dump.content.rows.terms.all.enumerated() {
            try database.execute(
                sql: "INSERT INTO staged_terms VALUES (?, ?)", arguments: [number, terms.packed])
        }
        let insert = try database.makeStatement(
            sql: "INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, NULL)")
        let rows = dump.content.rows
        for row in rows.order {
            let (handle, band) = (rows.handle(row), rows.band(row))
            try insert.execute(arguments: [
                rows.id(row).text, rows.terms(row), rows.name(row), band.low?.description, band.high?.description,
                rows.isin(row)?.text, handle?.alias, handle?.brokerData.map { Data($0) },
            ])
        }
        for id in dump.content.refused {
            try database.execute(
                sql: "INSERT OR IGNORE INTO staged(id, terms, kept) VALUES (?, 0, 1)", arguments: [id.text])
        }
    }

    /// An instrument that nobody lists under its old id keeps its uid under the new one; the old id ends as a name.
    private func moveNames(_ dump: Dump, _ database: Database) throws -> Set<InstrumentID> {
        var moved = Set<InstrumentID>()
        for rename in dump.renames {
            let isElsewhere = try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM instrument WHERE id = :new)
                        OR EXISTS (SELECT 1 FROM listing JOIN instrument USING(uid)
                            WHERE instrument.id = :old AND listing.source != :source)
                    """, arguments: ["new": rename.new.text, "old": rename.old.text, "source": dump.source])
            guard isElsewhere == false else { continue }
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO alias(namespace, text, uid, valid_from, valid_to)
                        SELECT :space, id, uid, named_from, :at FROM instrument WHERE id = :old;
                    """, arguments: ["space": Self.ownNamespace, "at": dump.at.nanoseconds, "old": rename.old.text])
            try database.execute(
                sql: "UPDATE instrument SET id = :new, named_from = :at WHERE id = :old",
                arguments: ["new": rename.new.text, "at": dump.at.nanoseconds, "old": rename.old.text])
            moved.insert(rename.old)
        }
        return moved
    }

    /// The namespace of canonical ids.
    static let ownNamespace = "sluice"
}
