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
        Route(
            .get, "/api/questions", .scope(.read), "What brokers ask before they take an order", query: paging,
            answer: "QuestionList"
        ) { try await $0.listQuestions($1) },
        Route(
            .post, "/api/questions/{id}", .scope(.trade), "Answers a broker's question", body: .questionAnswer,
            answer: "Nothing", statuses: [204]
        ) { try await $0.answerQuestion($1) },
    ]
}

extension Schema {
    static let loginAnswer = Schema(
        name: "LoginAnswer", note: "An answer to a challenge; an empty object begins a login.",
        fields: [
            .optional("challenge", .text, "the challenge's id"),
            .optional("fields", .map(.text), "a value for each field that it asks for"),
        ])

    static let questionAnswer = Schema(
        name: "QuestionAnswer", note: "An answer to a broker's question.",
        fields: [.required("option", .text, "the id of one of the question's options")])

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
                .optional(
                    "capability_document", .any, "what this login offers, where it is less than its adapter does"),
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
        Schema(
            name: "Question", note: "What a broker asks before it takes an order; an answer is never assumed.",
            fields: [
                .required("id", .text, ""), .required("account_id", .text, ""), .required("adapter_id", .text, ""),
                .optional("run_id", .text, "the order's run"), .optional("client_order_id", .text, ""),
                .optional("message_id", .text, "the broker's word for this kind of question"),
                .required("text", .text, ""), .required("asked_at", .time, ""),
                .required("deadline", .time, "when it stops waiting"),
                .required("options", .list(.object("QuestionOption")), ""),
            ]),
        Schema(
            name: "QuestionOption", note: "One possible answer.",
            fields: [
                .required("id", .text, ""), .required("text", .text, ""),
                .required("meaning", .words(["confirm", "refuse", "other"]), ""),
            ]),
        list("Question"),
        Schema(name: "Page", note: "HTML for people.", fields: []),
        Schema(
            name: "BrokerCallResult", note: "What the broker answered.",
            fields: [.optional("result", .any, "as the call's schema describes")]),
    ]
}
