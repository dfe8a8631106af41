import AdapterKit
import Exact

extension ZerodhaAdapter {
    func vendorCall(_ name: String, _ arguments: String, _ command: Command) {
        if Self.sessionCalls.contains(where: { $0.name == name }) { return sessionCall(name, command) }
        if name == Self.listCall.name { return showList(arguments, command) }
        guard let vendorCall = VendorCall.named(name) else {
            command.notSent(.unsupported("the broker has no call \(name) here", field: "name"))
            return
        }
        let call: Call
        do throws(AdapterError) { call = try vendorCall.call(arguments) } catch {
            command.notSent(error)
            return
        }
        send(call, for: command) { data in command.ok(document: data.serializedText()) }
    }

    /// A postback (FACTS.md §12): believed where its checksum was made with our secret, and then a hint like the
    /// stream's: it may be late, doubled or out of order, and it names no execution.
    func onWebhook(_ webhook: Webhook) {
        let body = webhook.body.withUnsafeBytes { bytes in
            try? JSONValue.parse(bytes.bindMemory(to: UInt8.self), limits: .large)
        }
        guard let body, let orderID = body["order_id"]?.identifier, let time = body["order_timestamp"]?.string,
            let claimed = body["checksum"]?.string
        else {
            host.log(.warning, "A postback was dropped: it lacks order_id, order_timestamp or checksum")
            return
        }
        guard let login else {
            host.log(.warning, "A postback was dropped: the session is not open")
            return
        }
        let made: [UInt8]
        do throws(HostError) {
            made = try host.crypto(.encode(.hex, .digest(.sha256, "\(orderID)\(time)\(secret: login.apiSecret)")))
        } catch {
            host.log(.error, "A postback was dropped: its checksum could not be made", ["error": error.description])
            return
        }
        guard Self.isEqual(made, Array(claimed.utf8)) else {
            host.log(.warning, "A postback was dropped: its checksum is wrong", ["order_id": orderID])
            return
        }
        orderNews(body)
    }

    /// Compares in a time that does not tell where the difference is.
    static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// News of one order, by stream or postback.
    func orderNews(_ value: JSONValue) {
        guard let record = OrderRecord(value) else {
            // A hint that cannot be read is a hint all the same.
            host.log(.warning, "News of an order cannot be read: the books are read instead")
            bookHint()
            return
        }
        books.remember([record])
        // A part alone says nothing of the whole, and prices' session speaks of no orders.
        if !record.isPart, !books.slices.isSlice(record), !isData { tell([WholeOrder([record])]) }
        bookHint()
    }
}
