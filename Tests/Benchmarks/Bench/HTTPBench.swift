import Glibc

/// Fan-outs over HTTP against a gateway in a process of its own; the load generator has the rest of the machine.
func measureHTTP(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let child = try Child(scratch.path, accounts: 100)
    var runs = 0
    let before = Machine.threads(of: child.id)
    let started = Clock.now()
    runs += try measureRate(bench, child, legs: 5, connections: 16, firstNumber: 0)
    bench.note(
        "processor of the gateway by thread: \(Machine.shares(since: before, over: Clock.now() - started, of: child.id))"
    )
    if !bench.isQuick { runs += try measureOneConnection(bench, child, legs: 5, budget: nil, firstNumber: 10_000_000) }
    runs += try measureOneConnection(bench, child, legs: 50, budget: 2_000_000, firstNumber: 20_000_000)
    bench.expect(child.stop(), "the gateway's process did not end well")
    let stored = try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM run")
    bench.expect(stored == runs, "\(stored) runs are on disk, \(runs) were answered")
    let open = try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM leg WHERE status <> 'FILLED'")
    bench.expect(open == 0, "\(open) legs are not filled")
}

private func orders(_ child: Child, legs: Int) -> (Int) -> [UInt8] {
    let head =
        "POST /api/execution-groups/legs\(legs)/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(child.ready.key)\r\n"
        + "Content-Type: application/json\r\nIdempotency-Key: bench-"
    return { number in
        let body =
            "{\"symbol\":\"US:EQ:ACME\",\"side\":\"BUY\",\"quantity\":\"\(legs)\","
            + "\"order_type\":\"MARKET\",\"product\":\"INTRADAY\"}"
        return Array("\(head)\(number)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}

/// - Returns: the answers.
private func measureRate(_ bench: Bench, _ child: Child, legs: Int, connections: Int, firstNumber: Int) throws -> Int {
    let load = try HTTPLoad(
        port: child.ready.port, connections: connections, firstNumber: firstNumber, request: orders(child, legs: legs))
    let warm = try load.run(milliseconds: bench.size(1_000, quick: 100), expecting: 200)
    check(bench, warm, load)
    let closed = try load.run(milliseconds: bench.size(8_000, quick: 300), expecting: 200)
    check(bench, closed, load)
    bench.report(
        Row(
            "HTTP: requests of \(legs) legs a second, \(connections) connections", .perSecond, thousandths: closed.rate,
            budget: 8_000_000, note: "\(closed.answers) answers"))
    bench.report(
        Row("HTTP: \(legs) legs, \(connections) connections, closed loop", closed.latency, floor: Floor.commit1))
    var answers = warm.answers + closed.answers
    for share in bench.isQuick ? [50] : [50, 80] {
        let rate = max(10, Int(closed.rate / 1_000) * share / 100)
        let paced = try load.run(milliseconds: bench.size(4_000, quick: 300), perSecond: rate, expecting: 200)
        check(bench, paced, load)
        answers += paced.answers
        bench.report(
            Row(
                "HTTP: \(legs) legs, \(connections) connections, at \(share) % of that rate", paced.latency,
                floor: Floor.commit1, note: "\(rate) requests a second, timed from when each was due"))
    }
    return answers
}

private func measureOneConnection(
    _ bench: Bench, _ child: Child, legs: Int, budget: Int64?, firstNumber: Int
) throws -> Int {
    let load = try HTTPLoad(
        port: child.ready.port, connections: 1, firstNumber: firstNumber, request: orders(child, legs: legs))
    let warm = try load.run(milliseconds: bench.size(500, quick: 50), expecting: 200)
    check(bench, warm, load)
    let closed = try load.run(milliseconds: bench.size(4_000, quick: 300), expecting: 200)
    check(bench, closed, load)
    bench.report(
        Row(
            "HTTP: \(legs) legs, one connection, closed loop", closed.latency, budget: budget,
            floor: legs >= 50 ? Floor.commit100 : Floor.commit1, note: "\(closed.rate / 1_000) requests a second"))
    let paced = try load.run(
        milliseconds: bench.size(4_000, quick: 300), perSecond: max(5, Int(closed.rate / 2_000)), expecting: 200)
    check(bench, paced, load)
    bench.report(
        Row(
            "HTTP: \(legs) legs, one connection, at half of that rate", paced.latency,
            floor: legs >= 50 ? Floor.commit100 : Floor.commit1))
    return warm.answers + closed.answers + paced.answers
}

private func check(_ bench: Bench, _ result: HTTPLoad.Result, _ load: HTTPLoad) {
    bench.expect(
        result.others.isEmpty,
        "answers other than 200: \(result.others), the last body: \(String(decoding: load.lastBody.prefix(300), as: UTF8.self))"
    )
}
