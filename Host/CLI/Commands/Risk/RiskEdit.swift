import ArgumentParser
import RiskConfiguration
import Settings

/// One setting of the limits and what becomes of it.
struct RiskEdit {
    private let edit: RiskDocumentEditor.Edit

    /// - Parameters:
    ///   - place: `account:P1`, `profile:cautious`.
    ///   - setting: `daily-loss.max`; a control alone, or `profile`, the profile of the firm or an account.
    ///   - value: as a document has it; `nil` = removed.
    /// - Throws: what is wrong with how it is written. Whether there is such a control, key or value the document's own
    ///   rules say.
    init(place: String, setting: String, value: String?) throws {
        guard let riskPlace = RiskPlace(place) else {
            throw ValidationError("'\(place.displayable)' is no place of the limits; write \(Self.placeRule)")
        }
        let parts = setting.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("'\(setting.displayable)' is no setting; write CONTROL.KEY, as daily-loss.max")
        }
        if parts.count == 1, parts[0] == "profile" {
            edit = .init(place: riskPlace, control: "", key: "profile", value: value)
        } else if parts.count == 1, value != nil {
            throw ValidationError(
                "'\(setting.displayable)' names no key; write CONTROL.KEY, as daily-loss.max, or profile")
        } else {
            edit = .init(place: riskPlace, control: parts[0], key: parts.count == 2 ? parts[1] : nil, value: value)
        }
    }

    static let placeRule = "firm, or kind:id with kind group, account, instrument, adapter, strategy or profile"

    /// A document's text with this one setting changed; all else, comments too, stays as it is.
    ///
    /// - Throws: `CommandFailure.message` that names the setting, its value and what would be right.
    func applied(to document: String) throws -> String {
        do throws(ConfigurationErrors) {
            return try RiskDocumentEditor.edit(document, file: "the live document", [edit])
        } catch {
            let first = error.errors[0]
            let place = first.line > 0 ? "line \(first.line), column \(first.column): " : ""
            let value = first.value.map { " = \($0)" } ?? ""
            let more = error.errors.count - 1 + error.omittedCount
            throw CommandFailure.message(
                "\(place)\(first.path)\(value): \(first.message)" + (more > 0 ? "; and \(more) more errors" : ""),
                remedy: first.remedy)
        }
    }
}
