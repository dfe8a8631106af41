import AdapterKit
import AdapterTesting
import Exact
import Testing

@Suite("Recorded messages of orders")
struct UpdateCaseTests {
    private func run(_ told: String, _ expect: String?, _ more: JSONObject = JSONObject()) throws -> CaseReport {
        var update = more
        update["id"] = "u"
        update["frame_text"] = .string(told)
        update["expect"] = try expect.map { try JSONValue.parse($0) }
        return try CaseRecording(files: ["order_updates.json": [.object(update)]]).run()
    }

    private static let told =
        #"{"order":{"id":"1","state":4,"filled":4,"left":6,"average":825.45,"tag":"gw01","text":"words"}}"#
    private static let expect = """
        {"kind":"order","order_id":"1","client_tag":"gw01","ord_status":"PARTIALLY_FILLED","order_quantity":10,
        "cumulative_quantity":4,"leaves_quantity":6,"average_price":825.45,"text":"words","last_price":825.5}
        """

    @Test("Every member of an order's news is compared")
    func order() throws {
        let right = try run(Self.told, Self.expect)
        #expect(right.isClean && right.uncompared.map(\.member) == ["last_price"], "\(right.text)")
        for change in try JSONValue.parse(Self.expect).altered where change.name != "last_price" {
            let report = try run(Self.told, change.document.serializedText())
            #expect(report.failed == 1, "\(change.place): \(report.text)")
        }
        let odd = try run(Self.told, Self.expect.replacing("\"kind\"", with: "\"surprise\":1,\"kind\""))
        #expect(odd.differences.map(\.place) == ["expect.surprise"])
    }

    @Test(
        "Each kind of message passes for what it means alone; a kind that nobody knows is a difference",
        arguments: [
            ("trade", #"{"trade":{"execution":"t","order":"1","quantity":4,"price":825.45}}"#),
            ("order", #"{"order":{"id":"1","state":3}}"#), ("anomaly", #"{"warn":1}"#), ("error", #"{"warn":1}"#),
            ("ignore", "{}"), ("subscription_answer", "{}"), ("position", "{}"), ("ordr", ""),
        ])
    func kinds(kind: String, told: String) throws {
        let more =
            switch kind {
            case "trade": #","trade_id":"t","order_id":"1","quantity":4,"price":825.45"#
            case "order": #","order_id":"1","ord_status":"NEW""#
            default: ""
            }
        let expect = "{\"kind\":\"\(kind)\"\(more)}"
        let all = [
            #"{"trade":{"execution":"t","order":"1","quantity":4,"price":825.45}}"#, #"{"order":{"id":"1","state":3}}"#,
            #"{"warn":1}"#, "{}", #"{"order":{"id":"2","state":3}}"#, #"{"ticks":[{"last":1}]}"#,
        ]
        for message in all {
            let report = try run(message, expect)
            // A warning is not forbidden where nothing is to be told.
            let isRight =
                message == told || (told == "{}" && message == #"{"warn":1}"#)
                || (kind == "order" || kind == "trade") && message == told
            #expect(report.isClean == isRight, "\(message): \(report.text)")
        }
    }

    @Test("A message of several things is each of them")
    func several() throws {
        let told = #"{"order":{"id":"1","state":3},"trade":{"execution":"t","order":"1","quantity":4,"price":8}}"#
        let expect =
            #"{"kind":"several","items":[{"kind":"order","order_id":"1"},{"kind":"trade","trade_id":"t","price":8}]}"#
        #expect(try run(told, expect).isClean)
        #expect(try run(told, expect.replacing(":8}", with: ":9}")).failed == 1)
    }

    @Test("A message without an expectation means the order that it names")
    func implied() throws {
        let named = #"{"data":{"order_id":"1","filled_quantity":4,"pending_quantity":6,"tag":"gw01"},"#
        #expect(try run(named + String(Self.told.dropFirst()), nil).isClean)
        #expect(try run(named.replacing("4", with: "5") + String(Self.told.dropFirst()), nil).failed == 1)
        #expect(try run(named + "\"x\":1}", nil).failed == 1, "an order that is not told")
        #expect(try run("{}", nil).isClean)
        #expect(try run(Self.told, nil).failed == 1, "an order that nothing names")
    }

    @Test("A postback goes the way of postbacks; a JSON string is a text frame")
    func ways() throws {
        #expect(try run(Self.told, Self.expect, ["source": "documented sample (HTTP POST body of a postback)"]).isClean)
        let pong: JSONValue = ["id": "p", "frame": "pong"]
        #expect(try CaseRecording(files: ["ticks/text.json": [pong]]).run().isClean)
    }
}
