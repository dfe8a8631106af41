import Exact
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Storage that takes no more.
    @Suite("Full disk") struct DiskTests {
        @Test(
            "With a full disk orders are answered 503 and the process lives; with space again, after a restart, nothing is lost",
            arguments: [true, false])
        func fullDisk(isOrderlyStop: Bool) async throws {
            let volume: Volume
            do { volume = try Volume(megabytes: 24) } catch {
                print("full disk by tmpfs not run: \(error)")
                return
            }
            defer { volume.unmount() }
            var options = Site.Options()
            options.data = "\(volume.path)/data"
            await Scenario.run("a full disk", options) { scenario in
                let server = try scenario.start()
                var told = try Self.place("roomy", 8, server, scenario)
                try volume.fill()
                told.merge(try Self.placeUntilRefused(server, scenario)) { $1 }
                if isOrderlyStop {
                    server.send(SIGTERM)
                    let ending = server.ending(seconds: 15)
                    scenario.expect(ending != nil, "it does not stop when the disk is full")
                }
                server.destroy()
                volume.free()
                try Self.compare(told, scenario)
            }
        }

        @Test("The same where a limit of file sizes stops the writing")
        func fileSizeLimit() async {
            guard access(FileSizeLimit.tool, X_OK) == 0 else {
                print("file size limit not run: \(FileSizeLimit.tool) is missing")
                return
            }
            await Scenario.run("a limit of file sizes") { scenario in
                let server = try scenario.start(ignoring: "XFSZ")
                var told = try Self.place("roomy", 8, server, scenario)
                try FileSizeLimit.impose(on: server.pid, below: "\(scenario.site.data)/sluice.db-wal")
                told.merge(try Self.placeUntilRefused(server, scenario)) { $1 }
                server.destroy()
                try Self.compare(told, scenario)
            }
        }

        @Test("An order that was admitted before the disk failed is not answered as if it had not been")
        func waitingWhileTheDiskFails() async throws {
            let volume: Volume
            do { volume = try Volume(megabytes: 24) } catch {
                print("waiting while the disk fails not run: \(error)")
                return
            }
            defer { volume.unmount() }
            var options = Site.Options()
            options.data = "\(volume.path)/data"
            await Scenario.run("waiting while the disk fails", options) { scenario in
                let server = try scenario.start()
                let http = server.http
                let patient = Orders.Request(
                    key: "patient", body: Orders.body(tag: "patient", quantity: 150, price: Orders.restingPrice),
                    wait: "done", isCanceled: false)
                // Waits two seconds for an end that does not come.
                let waiting = Threads.start { patient.place(http) }
                let isPlaced = Poll.holds(seconds: 10) {
                    http.get("/api/runs")?.json["items"]?.array?.first?["status"] == "WORKING"
                }
                scenario.expect(isPlaced, "the order does not work: \(http.get("/api/runs")?.text ?? "no answer")")
                try volume.fill()
                _ = try Self.placeUntilRefused(server, scenario)
                let answer = try scenario.need(waiting.join() ?? nil, "the waiting client was not answered")
                scenario.expect(
                    answer.status == 202 && answer.json["run_id"] != nil,
                    "the order rests at the broker, and its client is answered \(answer)")
            }
        }

        /// Requests and the runs they were answered with; `nil` = a refusal for want of storage.
        private typealias Told = [String: (request: Orders.Request, run: JSONValue?)]

        private static func place(
            _ prefix: String, _ count: Int, _ server: Server, _ scenario: Scenario
        ) throws -> Told {
            var random = SeededGenerator(5)
            var told: Told = [:]
            for number in 0..<count {
                let request = Orders.draw("\(prefix)-\(number)", using: &random)
                let answer = try scenario.need(request.place(server.http), "\(request.key) was not answered")
                scenario.expect(answer.json["run_id"] != nil, "\(request.key): \(answer)")
                told[request.key] = (request, answer.json)
            }
            return told
        }

        /// Goes on until storage refuses, and looks at how it does.
        private static func placeUntilRefused(_ server: Server, _ scenario: Scenario) throws -> Told {
            var random = SeededGenerator(6)
            var told: Told = [:]
            var refusals = 0
            for number in 0..<3_000 where refusals < 5 {
                let request = Orders.draw("tight-\(number)", using: &random)
                // Only what is durable is asked for: a later outcome may be the one that finds no room.
                let answer = try scenario.need(
                    request.place(server.http, wait: "durable"), "\(request.key) was not answered: the gateway is dead?"
                )
                guard answer.status == 503 else {
                    scenario.expect(answer.json["run_id"] != nil, "\(request.key): \(answer)")
                    scenario.expectEqual(refusals, 0, "\(request.key) was admitted after a refusal: \(answer)")
                    told[request.key] = (request, answer.json)
                    continue
                }
                refusals += 1
                told[request.key] = (request, nil)
                let isHonest = answer.isProblem && answer.json["code"] != nil && answer.json["detail"] != nil
                scenario.expect(isHonest, "\(request.key): no problem document: \(answer)")
                if refusals == 1 { scenario.note("after \(number) more orders: \(answer)") }
            }
            scenario.expectEqual(refusals, 5, "refusals for want of storage")
            scenario.expectEqual(server.ending(seconds: 0), nil, "the process's end")
            let health = server.http.get("/health")
            scenario.expectEqual(health?.status, 200, "health while the disk is full: \(health?.text ?? "no answer")")
            let ready = server.http.get("/ready")
            scenario.expectEqual(
                ready?.status, 503, "readiness while nothing is admitted: \(ready?.text ?? "no answer")")
            return told
        }

        /// After a restart with room.
        private static func compare(_ told: Told, _ scenario: Scenario) throws {
            let server = try scenario.start()
            for (key, row) in told.sorted(by: { $0.key < $1.key }) {
                guard let answer = row.request.place(server.http, wait: "durable"), answer.json["run_id"] != nil else {
                    scenario.violate("\(key), sent again, was not answered with a run")
                    continue
                }
                guard let before = row.run else { continue }
                for change in Orders.retractions(from: before, to: answer.json) {
                    scenario.violate("\(key): \(change)\nbefore \(before.serializedText())\nafter  \(answer.text)")
                }
            }
            let books = try Books.check(server, scenario)
            scenario.expectEqual(books.runs.count, told.count, "runs and keys")
        }
    }

    /// A small file system of its own, for the superuser only.
    private struct Volume: Sendable {
        let path: String

        init(megabytes: Int) throws {
            guard geteuid() == 0 else { throw Failure("only the superuser can mount one") }
            path = "\(FileManager.default.temporaryDirectory.path)/sluice-e2e-disk-\(UUID().uuidString.prefix(8))"
            guard mkdir(path, 0o700) == 0 else { throw Failure("cannot make \(path)") }
            guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m,mode=700") == 0 else {
                let reason = String(cString: strerror(errno))
                rmdir(path)
                throw Failure("cannot mount one: \(reason)")
            }
        }

        func unmount() {
            umount2(path, CInt(MNT_DETACH))
            rmdir(path)
        }

        private var ballast: String { "\(path)/ballast" }

        /// Writes until there is no byte left.
        func fill() throws {
            let descriptor = open(ballast, O_WRONLY | O_CREAT, 0o600)
            guard descriptor >= 0 else { throw Failure("cannot make \(ballast)") }
            defer { close(descriptor) }
            let zeros = [UInt8](repeating: 0, count: 4_096)
            while write(descriptor, zeros, zeros.count) > 0 {}
            guard errno == ENOSPC else { throw Failure("filling ended with \(String(cString: strerror(errno)))") }
        }

        func free() { unlink(ballast) }
    }

    /// RLIMIT_FSIZE of a running process.
    private enum FileSizeLimit {
        static let tool = "/usr/bin/prlimit"

        /// No file grows beyond a little more than what `path` has.
        static func impose(on pid: pid_t, below path: String) throws {
            var facts = stat()
            guard stat(path, &facts) == 0 else { throw Failure("\(path) is missing") }
            let process = Process()
            process.executableURL = URL(filePath: tool)
            process.arguments = ["--pid", "\(pid)", "--fsize=\(facts.st_size + 60_000)"]
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw Failure("prlimit failed") }
        }
    }
}
