import Glibc
import Settings
import Transport

extension AdapterManifest {
    /// `authorities: { <endpoint>: FILE }`: a PEM file, beside the manifest where its path is relative.
    static func authorities(
        _ document: MappingReader, besides pinned: [String], path: String
    ) -> [String: CertificateAuthorities] {
        var authorities: [String: CertificateAuthorities] = [:]
        for (endpoint, name) in document.value("authorities", .entries(of: .text), default: []) {
            let directory = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
            let file = name.hasPrefix("/") ? name : "\(directory)/\(name)"
            let remedy = "name a file that holds the authority's certificates in PEM"
            if pinned.contains(endpoint) {
                document.report("\(endpoint) is pinned too", remedy: "state either", at: "authorities")
            }
            guard let bytes = contents(file) else {
                document.report(
                    "\(name) of \(endpoint) cannot be read, or has more than 1 MiB", remedy: remedy, at: "authorities")
                continue
            }
            do throws(CertificateAuthorities.Unusable) {
                authorities[endpoint] = try CertificateAuthorities(pem: bytes)
            } catch {
                document.report("\(name) of \(endpoint): \(error)", remedy: remedy, at: "authorities")
            }
        }
        return authorities
    }

    private static func contents(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rbe") else { return nil }
        defer { fclose(file) }
        let most = 1 << 20
        var bytes = [UInt8](repeating: 0, count: most + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        return ferror(file) == 0 && count <= most ? Array(bytes[..<count]) : nil
    }
}
