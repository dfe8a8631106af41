import Glibc
package import Settings

/// Finds market data files.
package enum MarketDirectory {
    /// Each file as it is, and of each directory its `.csv` files in byte order, not those of directories within.
    package static func files(_ paths: [String]) throws(ConfigurationErrors) -> [String] {
        var files: [String] = []
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else {
                throw ConfigurationErrors(
                    ConfigurationError(
                        file: path, path: "", message: "the file cannot be found: \(String(cString: strerror(errno)))"))
            }
            guard status.st_mode & S_IFMT == S_IFDIR else {
                files.append(path)
                continue
            }
            let names = entries(of: path).filter { $0.hasSuffix(".csv") }.sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
            guard !names.isEmpty else {
                throw ConfigurationErrors(
                    ConfigurationError(
                        file: path, path: "", message: "the directory has no market data files",
                        remedy: "expected files like US_EQ_AAPL.daily.csv"))
            }
            files += names.map { "\(path)/\($0)" }
        }
        return files
    }

    private static func entries(of path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}
