package import Adapters
package import Domain
import Foundation
package import Logging
package import Settings
package import Transport

/// How the accounts of a gateway reach their brokers, and what keeps their secrets over restarts.
package struct NetworkAccess: Sendable {
    package var transport: any Transport = NetworkTransport.shared
    /// `nil`: secrets live as long as the process.
    package var secretKeeper: (any SecretKeeper)?
    package var connection: @Sendable (Account) throws -> AccountConnection = { _ in AccountConnection() }
    package init() {}

    /// What a configuration says: addresses, egress and references to secrets, which are fetched when a session is made.
    ///
    /// The key of the encrypted store is asked for, and made where there is none, when the first secret is to be kept.
    package init(_ configuration: SluiceConfiguration, dataDirectory: String, logger: Logger) {
        let environment = ProcessInfo.processInfo.environment
        let accounts = Dictionary(
            configuration.accounts.map { ($0.account.id, $0) }, uniquingKeysWith: { first, _ in first })
        connection = { account in
            guard let configured = accounts[account.id] else { return AccountConnection() }
            return AccountConnection(
                endpoints: configured.endpoints, source: configured.egress.source, proxy: configured.egress.proxy,
                secrets: try configured.secrets.mapValues { try $0.load(environment: environment) })
        }
        secretKeeper = SealedSecrets(directory: "\(dataDirectory)/secrets", logger: logger) {
            guard let path = MasterKey.path(environment: environment) else {
                throw MasterKey.Failure(description: "there is no place for the key: set \(MasterKey.variable) or HOME")
            }
            return try MasterKey.load(path, dataDirectory: dataDirectory)
        }
    }
}
