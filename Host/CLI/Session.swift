import Exact

/// One command's conversation with a gateway: asks, and shows what came back.
struct Session: Sendable {
    let client: GatewayClient
    let console: Console
    /// Print answers unchanged rather than as tables.
    let isJSON: Bool
    let surroundings: Surroundings

    init(client: GatewayClient, console: Console, isJSON: Bool, surroundings: Surroundings) {
        (self.client, self.console, self.isJSON, self.surroundings) = (client, console, isJSON, surroundings)
    }

    /// Asks, and shows the answer: as it came with `--json`, else as `render` has it.
    ///
    /// - Returns: the answer, for commands whose exit status depends on what it says.
    /// - Throws: `CommandFailure.problem` when the gateway refused. An answer of 400 or more that is no problem document
    ///   (a run whose legs were all refused) is shown all the same, and `.refused` thrown.
    @discardableResult
    func show(
        _ method: APIRequest.Method, _ path: String, body: JSONValue? = nil, idempotencyKey: String? = nil,
        version: String? = nil, timeoutMilliseconds: Int = 30_000, render: (JSONValue, Style) -> [String]
    ) async throws -> JSONValue {
        if isJSON, let idempotencyKey { console.error("idempotency key: \(idempotencyKey)") }
        let answer = try await client.send(
            method, path, body: body, idempotencyKey: idempotencyKey, version: version,
            timeoutMilliseconds: timeoutMilliseconds)
        if isJSON { console.unchanged(answer.bytes) }
        let isRun = !answer.isProblem && !answer.value.isNull
        guard answer.isSuccess || isRun else {
            throw CommandFailure.problem(Problem(answer.value, status: answer.status), idempotencyKey: idempotencyKey)
        }
        if !isJSON {
            for line in render(answer.value, console.style) { console.out(line) }
            if let idempotencyKey { console.out(console.style(.dim, "idempotency key: \(idempotencyKey)")) }
        }
        guard answer.isSuccess else { throw CommandFailure.refused }
        return answer.value
    }

    /// Asks for something that is only an input of what the command shows.
    ///
    /// - Throws: `CommandFailure.problem` when the gateway refused.
    func fetch(_ path: String) async throws -> JSONValue {
        let answer = try await client.send(.get, path)
        guard answer.isSuccess else {
            if isJSON { console.unchanged(answer.bytes) }
            throw CommandFailure.problem(Problem(answer.value, status: answer.status), idempotencyKey: nil)
        }
        return answer.value
    }

    /// Asks for something that a picture is fuller with and whole without.
    ///
    /// - Returns: `nil` where the gateway does not tell: it is an older one, or does not keep it.
    func fetchIfThere(_ path: String) async throws -> JSONValue? {
        let answer = try await client.send(.get, path)
        return answer.isSuccess ? answer.value : nil
    }

    /// Reads a JSON body from a file, or from standard input for `-`.
    func readBody(_ path: String) throws -> JSONValue {
        let bytes = try surroundings.readFile(path, JSONLimits.default.maximumBytes)
        do {
            return try JSONValue.parse(bytes)
        } catch {
            throw CommandFailure.message("\(path) is no JSON document: \(error)", remedy: "check it at the place named")
        }
    }
}
