internal import SeliumABI

/// The messages of requests, with their limits.
package struct RequestSchema: Sendable {
    package let request: MessageSchema
    package let clientFrame: MessageSchema
    /// The numbers of the `call` fields.
    static let callNumbers: ClosedRange<UInt64> = 10...59

    /// With the published limits.
    package static let standard = RequestSchema(.standard)

    package init(_ limits: ProtocolConfiguration) {
        let process = MessageSchema(
            "ProcessRef",
            [
                FieldSchema(1, "id", .uint64, .oneOf(1)),
                FieldSchema(2, "name", .string, .oneOf(1)),
            ])
        let log = Self.logRequest
        let reference = FieldSchema(10, "process", .message(process))
        let attach = MessageSchema(
            "Attach",
            [
                reference, FieldSchema(11, "log", .message(log)), FieldSchema(12, "input", .bool),
                FieldSchema(30, "no_follow", .bool),
            ])
        let wait = MessageSchema(
            "Wait",
            [
                reference,
                FieldSchema(40, "until", .enumeration(name: "WaitUntil", last: 3)),
            ])
        let list = MessageSchema(
            "List",
            [
                FieldSchema(
                    10, "processes", .message(process), .repeated(limits.maximumReferences)),
                FieldSchema(11, "include_ended", .bool),
                FieldSchema(
                    40, "filters", .message(Self.filter), .repeated(LabelText.maximumFilters)),
            ])
        let calls: [FieldSchema] = [
            FieldSchema(1, "request_id", .bytes),
            FieldSchema(2, "namespace", .string),
            FieldSchema(3, "deadline_ms", .uint32),
            FieldSchema(4, "idempotency_key", .bytes),
            FieldSchema(10, "start", .message(Self.start(limits, log: log)), .oneOf(1)),
            FieldSchema(11, "stop", .message(MessageSchema("Stop", [reference])), .oneOf(1)),
            FieldSchema(12, "list", .message(list), .oneOf(1)),
            FieldSchema(13, "attach", .message(attach), .oneOf(1)),
            FieldSchema(14, "wait", .message(wait), .oneOf(1)),
            FieldSchema(15, "info", .message(MessageSchema("Info", [])), .oneOf(1)),
            FieldSchema(30, "kill", .message(MessageSchema("Kill", [reference])), .oneOf(1)),
            FieldSchema(
                31, "restart", .message(MessageSchema("Restart", [reference])), .oneOf(1)),
            FieldSchema(
                32, "remove",
                .message(
                    MessageSchema("Remove", [reference, FieldSchema(11, "force", .bool)])),
                .oneOf(1)),
            FieldSchema(33, "prune", .message(MessageSchema("Prune", [])), .oneOf(1)),
            FieldSchema(
                40, "inspect", .message(MessageSchema("Inspect", [reference])), .oneOf(1)),
        ]
        request = MessageSchema("Request", calls + Self.moduleCalls + [Self.readEvents])
        clientFrame = MessageSchema(
            "ClientFrame",
            [
                FieldSchema(UInt64(ClientField.upload), "upload", .bytes, .oneOf(1)),
                FieldSchema(UInt64(ClientField.input), "input", .bytes, .oneOf(1)),
            ])
    }

    private static let valueKind = FieldSchema.Kind.enumeration(name: "ValueKind", last: 13)

    private static let logRequest = MessageSchema(
        "LogRequest",
        [
            FieldSchema(10, "from", .uint64, .oneOf(1)),
            FieldSchema(11, "tail", .uint32, .oneOf(1)),
            FieldSchema(
                12, "streams", .enumeration(name: "LogStream", last: 4), .repeated(16)),
            FieldSchema(30, "since", .sint64, .oneOf(1)),
        ])

    private static let module = MessageSchema(
        "ModuleRef",
        [
            FieldSchema(1, "digest", .bytes, .oneOf(1)),
            FieldSchema(2, "name", .string, .oneOf(1)),
        ])

    private static let readEvents = FieldSchema(
        46, "read_events",
        .message(
            MessageSchema(
                "ReadEvents",
                [
                    FieldSchema(10, "index", .uint64, .oneOf(1)),
                    FieldSchema(11, "since", .sint64, .oneOf(1)),
                    FieldSchema(12, "end", .bool, .oneOf(1)), FieldSchema(13, "no_wait", .bool),
                ])), .oneOf(1))

    /// The calls about modules.
    private static let moduleCalls: [FieldSchema] = {
        let reference = FieldSchema(10, "module", .message(module))
        let push = MessageSchema(
            "PushModule",
            [
                FieldSchema(10, "digest", .bytes), FieldSchema(11, "size", .uint64),
                FieldSchema(12, "name", .string),
            ])
        let collect = MessageSchema("CollectModules", [FieldSchema(10, "dry_run", .bool)])
        return [
            FieldSchema(41, "push_module", .message(push), .oneOf(1)),
            FieldSchema(42, "list_modules", .message(MessageSchema("ListModules", [])), .oneOf(1)),
            FieldSchema(
                43, "inspect_module", .message(MessageSchema("InspectModule", [reference])),
                .oneOf(1)),
            FieldSchema(
                44, "remove_module", .message(MessageSchema("RemoveModule", [reference])),
                .oneOf(1)),
            FieldSchema(45, "collect_modules", .message(collect), .oneOf(1)),
        ]
    }()

    private static func start(_ limits: ProtocolConfiguration, log: MessageSchema) -> MessageSchema
    {
        let variable = MessageSchema(
            "EnvironmentVariable",
            [
                FieldSchema(1, "name", .string), FieldSchema(2, "value", .string),
                FieldSchema(3, "sensitive", .bool),
            ])
        let grant = MessageSchema(
            "Grant", [FieldSchema(1, "capability", .string), FieldSchema(2, "scope", .string)])
        let amounts = MessageSchema("Limits", [FieldSchema(10, "memory", .uint64)])
        return MessageSchema(
            "Start",
            [
                FieldSchema(10, "module", .message(module)),
                FieldSchema(11, "module_size", .uint64),
                FieldSchema(12, "module_name", .string),
                FieldSchema(13, "entrypoint", .string),
                FieldSchema(
                    14, "arguments", .message(argument), .repeated(limits.maximumArguments)),
                FieldSchema(15, "results", valueKind, .repeated(limits.maximumArguments)),
                FieldSchema(16, "argv", .string, .repeated(limits.maximumArgv)),
                FieldSchema(
                    17, "environment", .message(variable), .repeated(limits.maximumEnvironment)),
                FieldSchema(18, "grants", .message(grant), .repeated(limits.maximumGrants)),
                FieldSchema(19, "limits", .message(amounts)),
                FieldSchema(20, "name", .string),
                FieldSchema(21, "strict", .bool),
                FieldSchema(22, "dry_run", .bool),
                FieldSchema(23, "input", .bool),
                FieldSchema(24, "attach", .message(log)),
                FieldSchema(30, "supervision", .message(supervision)),
                FieldSchema(31, "remove_at_end", .bool),
                FieldSchema(40, "labels", .message(label), .repeated(LabelText.maximumLabels)),
            ])
    }

    private static let label = MessageSchema(
        "Label", [FieldSchema(1, "key", .string), FieldSchema(2, "value", .string)])

    private static let filter = MessageSchema(
        "Filter",
        [
            FieldSchema(1, "key", .enumeration(name: "FilterKey", last: 6)),
            FieldSchema(2, "label", .string),
            FieldSchema(3, "values", .string, .repeated(LabelText.maximumFilterValues)),
        ])

    private static let supervision = MessageSchema(
        "Supervision",
        [
            FieldSchema(10, "restart", .enumeration(name: "RestartMode", last: 3)),
            FieldSchema(11, "most_restarts", .uint32),
            FieldSchema(
                12, "backoff",
                .message(
                    MessageSchema(
                        "BackoffRange",
                        [
                            FieldSchema(1, "minimum_ns", .uint64),
                            FieldSchema(2, "maximum_ns", .uint64),
                        ]))),
            FieldSchema(13, "reset_after_ns", .uint64),
            FieldSchema(
                14, "limit",
                .message(
                    MessageSchema(
                        "RestartLimit",
                        [FieldSchema(1, "count", .uint32), FieldSchema(2, "window_ns", .uint64)]))
            ),
            FieldSchema(15, "no_restart_on", .uint32, .repeated(SupervisionText.maximumCodes)),
            FieldSchema(16, "stop_timeout_ns", .uint64),
        ])

    private static let argument = MessageSchema(
        "Argument",
        [
            FieldSchema(1, "kind", valueKind),
            FieldSchema(2, "signed", .sint64, .oneOf(1)),
            FieldSchema(3, "unsigned", .uint64, .oneOf(1)),
            FieldSchema(4, "f32", .float, .oneOf(1)),
            FieldSchema(5, "f64", .double, .oneOf(1)),
            FieldSchema(6, "buffer", .bytes, .oneOf(1)),
            FieldSchema(7, "utf8", .string, .oneOf(1)),
            FieldSchema(8, "text", .string),
            FieldSchema(9, "sensitive", .bool),
        ])
}
