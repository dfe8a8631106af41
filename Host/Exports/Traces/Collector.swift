import NIOHTTP1
package import Settings

/// Where traces are sent, and what lets the gateway in there.
package struct Collector: Sendable {
    /// The whole address, `http://127.0.0.1:4318/v1/traces`.
    package let endpoint: String
    private let headers: [(name: String, value: Secret)]

    package init(_ endpoint: String, headers: [(name: String, value: Secret)] = []) {
        (self.endpoint, self.headers) = (endpoint, headers)
    }

    /// Why a header's value cannot be had. Says where it was looked for, never what was found.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// `nil` where no collector is configured. Reads the secrets.
    package init?(_ settings: SluiceConfiguration.Exports, environment: [String: String]) throws(Failure) {
        guard let endpoint = settings.collector else { return nil }
        var headers: [(name: String, value: Secret)] = []
        for (name, reference) in settings.collectorHeaders.sorted(by: { $0.key < $1.key }) {
            let secret: Secret
            do throws(SecretReference.Failure) {
                secret = try reference.load(environment: environment)
            } catch {
                throw Failure(description: "exports.otlp.headers.\(name): \(error)")
            }
            guard secret.withBytes({ bytes in bytes.allSatisfy { $0 == 0x09 || (0x20...0x7E).contains($0) } }) else {
                throw Failure(
                    description:
                        "exports.otlp.headers.\(name): \(reference): it holds what no header field can; expected one line "
                        + "of printable ASCII")
            }
            headers.append((name, secret))
        }
        self.init(endpoint, headers: headers)
    }

    func add(to fields: inout HTTPHeaders) {
        for header in headers {
            header.value.withBytes { fields.add(name: header.name, value: String(decoding: $0, as: UTF8.self)) }
        }
    }
}
