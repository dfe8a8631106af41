import Domain
import Engine
import Exports
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore

/// `/api/exports/…`: whole data sets, streamed as they are read.
///
/// A client that goes away ends its export at the next piece. One that takes less than a piece of 32 KiB within the
/// request limit (`APIConfiguration.requestMilliseconds`) loses its connection by `RequestDeadline`.
extension Backend {
    func listDatasets(_ call: Call) async throws -> Answer {
        .list(ExportDataset.allCases) { json, dataset in
            json.object {
                $0.member("name", dataset.rawValue)
                $0.member("note", dataset.note)
                $0.list("filters", dataset.filters.map(\.rawValue))
                $0.list("formats", ExportFormat.allCases.map(\.rawValue))
                $0.list("columns", dataset.columns) { json, column in
                    json.object {
                        $0.member("name", column.name)
                        $0.member("type", column.kind.rawValue)
                        $0.member("unit", column.unit)
                        $0.member("note", column.note)
                    }
                }
            }
        }
    }

    func export(_ dataset: ExportDataset, _ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let request: ExportRequest
        do throws(ExportRefusal) {
            request = try ExportRequest(dataset: dataset.rawValue, parameters: call.query.texts)
        } catch {
            throw Problem(error)
        }
        if dataset == .latency, runtime.telemetry.store == nil {
            throw Problem(
                .serviceUnavailable, "telemetry_off",
                "nothing is kept: telemetry is off, or its file could not be opened")
        }
        if let group = request.group { _ = try self.group(group, for: principal) }
        if let account = request.account { _ = try self.account(account, for: principal) }
        var headers: HTTPFields = [.contentType: request.format.mediaType, .cacheControl: "no-store"]
        headers[.contentDisposition] =
            "attachment; filename=\"sluice-\(dataset.rawValue).\(request.format.rawValue)\""
        if call.request.method == .head { return Answer(.ok, headers: headers, body: ResponseBody()) }
        guard let export = exports.begin(request, authority: principal.authority) else {
            var problem = Problem(
                .serviceUnavailable, "too_many_exports", "\(ExportDesk.maximumOpen) exports are under way")
            problem.headers[.retryAfter] = "5"
            throw problem
        }
        let (logger, requestID) = (logger, call.requestID)
        let body = ResponseBody { writer in
            var export = export
            do {
                while let piece = try await export.next() { try await writer.write(ByteBuffer(bytes: piece)) }
            } catch let failure as GatewayError {
                // The head has gone out: an end that is missing is all that the client can be told.
                logger.warning(
                    "Export broken off",
                    metadata: [
                        "request.id": "\(requestID)", "export.dataset": "\(dataset.rawValue)",
                        "export.rows": "\(export.rows)", "failure": "\(failure)",
                    ])
                throw failure
            }
            try await writer.finish(nil)
        }
        return Answer(.ok, headers: headers, body: body)
    }
}

extension Backend {
    /// One run as a trace, as far as it has come.
    func showTrace(_ call: Call) async throws -> Answer {
        var query = call.query
        let format =
            query.word("format", TraceFormat.allCases.map(\.rawValue)).flatMap(TraceFormat.init(rawValue:)) ?? .perfetto
        try query.check()
        let id = try call.run()
        let run = try await run(id, for: try call.caller())
        let headers: HTTPFields = [
            .contentType: "application/json", .cacheControl: "no-store",
            .contentDisposition: "attachment; filename=\"\(id).\(format.rawValue).json\"",
        ]
        if call.request.method == .head { return Answer(.ok, headers: headers, body: ResponseBody()) }
        let body = ResponseBody { writer in
            var trace = TraceStream(run, format: format)
            while let portion = trace.portion() { try await writer.write(ByteBuffer(bytes: portion)) }
            try await writer.finish(nil)
        }
        return Answer(.ok, headers: headers, body: body)
    }
}

extension Problem {
    /// Every parameter that is wrong.
    init(_ refusal: ExportRefusal) {
        self = .invalid(
            refusal.errors.map {
                Entry(path: "?\($0.name)", value: $0.value, message: $0.message, remedy: $0.remedy)
            })
    }
}
