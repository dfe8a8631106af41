import Domain

extension Routes {
    static let network: [Route] = [
        Route(
            .get, "/api/accounts/{id}/login", .scope(.admin), "Where a login stands, and what it asks for",
            isFirmWide: true, answer: "Login"
        ) { try await $0.showLogin($1) },
        Route(
            .post, "/api/accounts/{id}/login", .scope(.admin), "Answers what a login asks for, or begins one",
            isFirmWide: true, body: .loginAnswer, answer: "Login"
        ) { try await $0.logIn($1) },
        Route(
            .get, "/login/callback/{account}", .open, "Where a broker's login page sends people back to",
            answer: "Page"
        ) { try await $0.takeLoginRedirect($1) },
        Route(
            .post, "/api/postback/{account}", .open,
            "A broker's own reports, raw to the adapter, which checks their signature", answer: "Nothing",
            statuses: [204]
        ) { try await $0.takePostback($1) },
        Route(
            .post, "/api/brokers/{id}/call", .scope(.admin), "A call of the adapter's own, by name", isFirmWide: true,
            body: .brokerCall, answer: "BrokerCallResult"
        ) { try await $0.callBroker($1) },
    ]
}

extension Schema {
    static let loginAnswer = Schema(
        name: "LoginAnswer", note: "An answer to a challenge; an empty object begins a login.",
        fields: [
            .optional("challenge", .text, "the challenge's id"),
            .optional("fields", .map(.text), "a value for each field that it asks for"),
        ])

    static let brokerCall = Schema(
        name: "BrokerCall", note: "A call of an adapter's own.",
        fields: [
            .required("account_id", .text, ""), .required("name", .text, "[a-z0-9_]{1,64}"),
            .optional("arguments", .map(.any), "what the call's schema describes; default {}"),
        ])

    static let networkAnswers: [Schema] = [
        Schema(
            name: "Login", note: "Where a login stands.",
            fields: [
                .required("account_id", .text, ""), .required("state", .text, ""), .required("since", .time, ""),
                .optional("expires_at", .time, "when the login ends, where the broker says so"),
                .optional("renew_at", .time, ""), .optional("reason", .text, ""),
                .optional("how", .text, "what a person does"),
                .optional("challenge", .object("LoginChallenge"), "what it waits for"),
            ]),
        Schema(
            name: "LoginChallenge", note: "What a login needs of a person.",
            fields: [
                .required("id", .text, ""),
                .required("kind", .words(["redirect", "one_time_code", "device", "pasted_token"]), ""),
                .optional("url", .text, "redirect: where to go"), .required("prompt", .text, ""),
                .optional("deadline", .time, ""), .required("fields", .list(.object("LoginField")), ""),
            ]),
        Schema(
            name: "LoginField", note: "One value that is asked for.",
            fields: [
                .required("name", .text, ""), .required("label", .text, ""), .required("secret", .boolean, ""),
                .optional("pattern", .text, "a regular expression of what is acceptable"),
            ]),
        Schema(name: "Page", note: "HTML for people.", fields: []),
        Schema(
            name: "BrokerCallResult", note: "What the broker answered.",
            fields: [.optional("result", .any, "as the call's schema describes")]),
    ]
}
