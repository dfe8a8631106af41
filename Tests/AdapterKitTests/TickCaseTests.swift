import AdapterKit
import AdapterTesting
import Exact
import Testing

/// What the Mirror tells of a frame, and how a venue's recording says the same.
struct ExpectedTicks: CustomTestStringConvertible {
    var testDescription: String
    var told: String
    var meaning: String

    static let all = [
        ExpectedTicks(
            testDescription: "packets of one broker",
            told: """
                {"ticks":[{"of":"408065","last":1573.15},
                {"of":"5633","last":2,"lastQuantity":7,"average":1.5,"volume":9,"open":1,"high":3,"low":1,"close":1.5,
                 "interest":5,"traded":1625461887,"said":1625461888,"bids":[[1.9,5,1],[1.8,6,2]],"asks":[[2.1,7,3]]}]}
                """,
            meaning: """
                {"packets":[
                 {"instrument_token":408065,"segment":1,"tradable":true,"mode":"ltp","last_price":1573.15},
                 {"instrument_token":5633,"mode":"full","last_price":2.0,"last_traded_quantity":7,
                  "average_traded_price":1.5,"volume_traded":9,"open":1,"high":3,"low":1,"close":1.5,"oi":5,
                  "last_trade_time_epoch":1625461887,"exchange_timestamp_epoch":1625461888,"divisor":100,
                  "price_change_raw":50,
                  "depth":{"buy":[{"quantity":5,"price":1.9,"orders":1},{"quantity":6,"price":1.8,"orders":2}],
                   "sell":[{"quantity":7,"price":2.1,"orders":3},{"quantity":0,"price":0,"orders":0}]}}]}
                """),
        ExpectedTicks(
            testDescription: "packets of another, by segment and number",
            told: """
                {"ticks":[{"of":"3045","last":825.55,"traded":1789447507},{"of":"35084","interest":15600000},
                {"of":"68407","close":25330.75},
                {"of":"1","last":4,"interest":3,"bids":[[3.9,5,1]],"asks":[[4.1,6,2]]}]}
                """,
            meaning: """
                {"connection":"market_feed","packets":[
                 {"packet":"ticker","response_code":2,"exchange_segment":"NSE_EQ","security_id":"3045",
                  "last_price":825.55,"last_trade_time_raw":1,"last_trade_time_utc":"2026-09-15T04:45:07Z",
                  "last_trade_time_ist":"2026-09-15T10:15:07+05:30"},
                 {"packet":"open_interest","exchange_segment":"NSE_FNO","security_id":"35084","open_interest":15600000},
                 {"packet":"previous_close","exchange_segment":"NSE_FNO","security_id":"68407","previous_close":25330.75},
                 {"packet":"market_status","exchange_segment":"NSE_EQ","security_id":"0"},
                 {"packet":"full","exchange_segment":"NSE_EQ","security_id":"1","last_price":4,"open_interest":3,
                  "last_trade_time_utc":null,"bids":[{"price":3.9,"quantity":5,"orders":1}],
                  "asks":[{"price":4.1,"quantity":6,"orders":2}]}]}
                """),
        ExpectedTicks(
            testDescription: "one decoded packet",
            told: #"{"ticks":[{"of":"3045","last":801.55,"volume":5,"said":1795771800,"interest":7}]}"#,
            meaning: """
                {"decoded":{"mode":1,"exchange_type":1,"token":"3045","divisor":100,"sequence_number":1001,
                "exchange_timestamp_ms":1795771800000,"last_traded_price":801.55,"volume":5,"open_interest":7}}
                """),
        ExpectedTicks(
            testDescription: "rows of one side", told: #"{"ticks":[{"of":"1333","asks":[[4.1,6,2],[4.2,7,3]]}]}"#,
            meaning: """
                {"packets":[{"packet":"depth20_ask","exchange_segment":"NSE_EQ","security_id":"1333",
                "rows":[{"price":4.1,"quantity":6,"orders":2},{"price":4.2,"quantity":7,"orders":3},
                {"price":0.0,"quantity":0,"orders":0}]}]}
                """),
        ExpectedTicks(testDescription: "nothing", told: "{}", meaning: #"{"packets":[]}"#),
    ]

    func report(_ meaning: JSONValue) throws -> CaseReport {
        let frame = CaseRecording.frame(try JSONValue.parse(told), try #require(meaning.object))
        return try CaseRecording(files: ["ticks/any name.json": [frame]]).run()
    }
}

@Suite("Recorded frames of prices")
struct TickCaseTests {
    @Test("A right frame passes, in a folder of nothing else", arguments: ExpectedTicks.all)
    func passes(item: ExpectedTicks) throws {
        let report = try item.report(try JSONValue.parse(item.meaning))
        #expect(report.isClean && report.passed == 1, "\(report.text)")
    }

    @Test(
        "A wrong value is a difference, or its name is said to have no place in the contract",
        arguments: ExpectedTicks.all)
    func wrongValue(item: ExpectedTicks) throws {
        // What says which instrument and which connection is meant leads elsewhere, it is not a value.
        let names: Set = ["connection", "packet", "divisor"]
        for change in try JSONValue.parse(item.meaning).altered where !names.contains(change.name) {
            let isName = ["security_id", "exchange_segment", "instrument_token", "token", "exchange_type"].contains(
                change.name)
            let report = try item.report(change.document)
            let isSaid = report.uncompared.contains { $0.member == change.name }
            #expect(report.failed == 1 || isSaid || isName, "\(change.place): \(report.text)")
        }
    }

    @Test("A member that nobody understands is a difference by its name", arguments: ExpectedTicks.all.dropLast())
    func surprise(item: ExpectedTicks) throws {
        let meaning = try #require(try JSONValue.parse(item.meaning).object)
        for (name, value) in meaning where name != "connection" {
            for document in value.withSurprise {
                let report = try item.report(.object(JSONObject([(name, document)])))
                #expect(report.differences.contains { $0.place.hasSuffix("surprise") }, "\(report.text)")
            }
        }
    }

    @Test("A tick of another instrument than the packet's is a difference")
    func otherInstrument() throws {
        let told = try JSONValue.parse(#"{"ticks":[{"of":"2","last":1},{"of":"1","last":1}]}"#)
        let packets: JSONValue = [
            ["instrument_token": 1, "last_price": 1], ["instrument_token": 2, "last_price": 1],
        ]
        let report = try CaseRecording(files: ["ticks/t.json": [CaseRecording.frame(told, ["packets": packets])]]).run()
        #expect(report.differences.map(\.place) == ["packets[0].instrument", "packets[1].instrument"])
    }

    @Test("A mode that says more or less than was told is a difference")
    func mode() throws {
        let told = try JSONValue.parse(#"{"ticks":[{"of":"1","last":1,"open":1}]}"#)
        for (word, isRight) in [("ltp", false), ("quote", true), ("full", false), ("bogus", false)] {
            let packets: JSONValue = [["instrument_token": 1, "last_price": 1, "open": 1, "mode": .string(word)]]
            let report = try CaseRecording(files: ["ticks/t.json": [CaseRecording.frame(told, ["packets": packets])]])
                .run()
            #expect(report.isClean == isRight, "\(word): \(report.text)")
        }
    }

    @Test("A frame that was cut short tells nothing")
    func cutShort() throws {
        for (told, isRight) in [("{}", true), (#"{"ticks":[{"of":"1","last":1}]}"#, false)] {
            let meaning: JSONObject = ["packets": [], "error": "truncated"]
            let frame = CaseRecording.frame(try JSONValue.parse(told), meaning)
            #expect(try CaseRecording(files: ["ticks/t.json": [frame]]).run().isClean == isRight)
        }
    }

    @Test("A packet recorded alone is framed, and compared with the values beside it")
    func packet() throws {
        let told = try JSONValue.parse(#"{"ticks":[{"of":"1","last":1573.7,"open":1569.15,"traded":1625461887}]}"#)
        func report(_ last: JSONValue) throws -> CaseReport {
            let values: JSONValue = [
                "mode": "quote", "instrument_token": 1, "last_price": last, "ohlc": ["open": .number("1569.15")],
                "last_trade_time": "2021-07-05T10:41:27+05:30",
            ]
            return try CaseRecording(
                files: ["ticks/official/a.json": values, "ticks/official/b.json": values],
                bytes: ["ticks/official/a.packet": Array("\(base64(told.serialized()))\n".utf8)]
            ).run()
        }
        let right = try report(.number("1573.7"))
        #expect(right.isClean && right.passed == 1 && right.unread == ["ticks/official/b.json"], "\(right.text)")
        #expect(try report(1).differences.map(\.place) == ["packets[0].last_price"])
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32((3 - part.count) * 8)
            for place in 0...part.count { text.append(letters[Int(bits >> UInt32(18 - place * 6) & 63)]) }
            text += String(repeating: "=", count: 3 - part.count)
        }
        return text
    }

    @Test("Frames that nothing explains are skipped, and the folder is no pass")
    func unexplained() throws {
        let frame = CaseRecording.frame(["ticks": []], ["packets": []])
        let report = try CaseRecording(
            files: ["ticks/t.json": [frame]], bytes: ["ticks/lost.bin": [1], "ticks/lone.packet": [65]]
        ).run()
        #expect(report.passed == 1 && report.skipped.count == 2 && !report.isClean, "\(report.text)")
    }
}

@Suite("Frames on a connection that remembers")
struct RememberedFrameTests {
    private func run(_ frames: [(told: String, meaning: String)]) throws -> CaseReport {
        let items = try frames.map {
            CaseRecording.frame(try JSONValue.parse($0.told), try #require(try JSONValue.parse($0.meaning).object))
        }
        return try CaseRecording(files: ["ticks/generated.json": ["frames": .array(items)]]).run()
    }

    private static func record(_ fields: String, _ state: String) -> String {
        """
        {"decoded":{"type":6,"message_number":1,"records":[{"record":"U","topic":"sf|nse_cm|3045","present_fields":\(fields)}],
        "state_after":{"sf|nse_cm|3045":\(state)}}}
        """
    }

    private static let whole = (
        told: #"{"ticks":[{"of":"3045","last":825.5,"volume":9,"bids":[[825.45,120]],"open":819}]}"#,
        meaning: record(
            #"{"ltp":825.5,"vol_traded_today":9,"bid_price":825.45,"bid_size":120,"open_price":819.0,"lower_ckt":743}"#,
            #"{"ltp":825.5,"vol_traded_today":9,"bid_price":825.45,"bid_size":120,"open_price":819.0,"lower_ckt":743}"#)
    )
    private static let after =
        #"{"ltp":825.75,"vol_traded_today":9,"bid_price":825.45,"bid_size":120,"open_price":819.0,"lower_ckt":743}"#

    @Test("What a frame leaves out may be told or not; what changed must be told")
    func update() throws {
        let meaning = Self.record(#"{"ltp":825.75}"#, Self.after)
        for (told, isRight) in [
            (#"{"ticks":[{"of":"3045","last":825.75}]}"#, true),
            (#"{"ticks":[{"of":"3045","last":825.75,"volume":9,"open":819,"bids":[[825.45,120]]}]}"#, true),
            (#"{"ticks":[{"of":"3045","last":825.75,"volume":8}]}"#, false),
            (#"{"ticks":[{"of":"3045","last":825.5}]}"#, false), (#"{"ticks":[{"of":"3045","volume":9}]}"#, false),
            ("{}", false),
        ] {
            let report = try run([Self.whole, (told, meaning)])
            #expect(report.isClean == isRight && report.passed + report.failed == 2, "\(told): \(report.text)")
        }
    }

    @Test("A frame that changes nothing need tell nothing, and a state that does not follow is a wrong recording")
    func unchanged() throws {
        let same = Self.record(#"{"ltp":825.5}"#, Self.after.replacing("825.75", with: "825.5"))
        #expect(try run([Self.whole, ("{}", same)]).isClean)
        let odd = try run([Self.whole, ("{}", Self.record(#"{"ltp":825.5}"#, Self.after))])
        #expect(odd.differences.contains { $0.place == "decoded.state_after.sf|nse_cm|3045.ltp" }, "\(odd.text)")
    }

    @Test("What the client must answer is looked for among what it sent")
    func answer() throws {
        let meaning =
            #"{"decoded":{"type":1,"accepted":true},"client_must_answer":{"frame_hex":"6f6b","why":"every third"}}"#
        #expect(try run([(#"{"answer":"ok"}"#, meaning)]).isClean)
        #expect(try run([(#"{"answer":"no"}"#, meaning)]).differences.map(\.place) == ["client_must_answer"])
        #expect(try run([(#"{"ticks":[{"last":1}]}"#, #"{"decoded":{"type":1}}"#)]).failed == 1)
    }

    @Test("A book by differences is the one before with what the frame gives")
    func book() throws {
        let first = (
            told: #"{"ticks":[{"of":"NSE:NSE:F","bids":[[10,5,1],[9,6,2]],"asks":[[11,7,3]]}]}"#,
            meaning: """
            {"decoded":{"snapshot":true,"error":false,"ticker":"NSE:F","sequence_no":1,
            "bids":[{"num":0,"price":10,"quantity":5,"orders":1},{"num":1,"price":9,"quantity":6,"orders":2}],
            "asks":[{"num":0,"price":11,"quantity":7,"orders":3}]}}
            """
        )
        let second = """
            {"decoded":{"snapshot":false,"error":false,"ticker":"NSE:F","sequence_no":2,"bids":[{"num":1,"quantity":60}]}}
            """
        let right = #"{"ticks":[{"of":"NSE:NSE:F","bids":[[10,5,1],[9,60,2]],"asks":[[11,7,3]]}]}"#
        let report = try run([first, (right, second)])
        #expect(report.isClean, "\(report.text)")
        for wrong in [right.replacing("60", with: "6"), right.replacing("[11,7,3]", with: ""), "{}"] {
            #expect(try run([first, (wrong, second)]).failed == 1, "\(wrong)")
        }
    }
}
