import Adapters
import Logging

extension Files {
    /// The manifest of an adapter that is built beside this program.
    static func writeManifest(of adapter: String, in directory: String) throws {
        try write(
            "manifest: 1\nid: \(adapter)\nlibrary: libsluice-\(adapter).so\n", to: "\(directory)/\(adapter).yaml")
    }
}

extension AdapterHost {
    /// A host that has loaded one adapter, whose manifest it writes.
    static func loaded(
        _ adapter: String, in directory: String, data: String, _ environment: LaneEnvironment
    ) throws -> AdapterHost {
        try Files.writeManifest(of: adapter, in: directory)
        let host = AdapterHost(
            AdapterHostConfiguration(
                directories: [directory], executableDirectory: Files.executableDirectory, dataDirectory: data,
                hostVersion: "1", swiftRelease: "6.3.1"), environment: environment, logger: .quiet)
        try host.load()
        return host
    }
}
