/// Every field of control.proto that was ever published, a line each: message, number, name, type.
///
/// A line is never changed and never deleted. A new field is a new line with a number that no line of
/// its message has; a field that goes away keeps its line, with `retired` in front.
enum PublishedFields {
    static let lines = """
        Request 1 request_id bytes
        Request 2 namespace string
        Request 3 deadline_ms uint32
        Request 4 idempotency_key bytes
        Request 10 start Start
        Request 11 stop Stop
        Request 12 list List
        Request 13 attach Attach
        Request 14 wait Wait
        Request 15 info Info
        Request 30 kill Kill
        Request 31 restart Restart
        Request 32 remove Remove
        Request 33 prune Prune
        Request 40 inspect Inspect
        Request 41 push_module PushModule
        Request 42 list_modules ListModules
        Request 43 inspect_module InspectModule
        Request 44 remove_module RemoveModule
        Request 45 collect_modules CollectModules
        Request 46 read_events ReadEvents
        ReadEvents 10 index uint64
        ReadEvents 11 since sint64
        ReadEvents 12 end bool
        ReadEvents 13 no_wait bool
        ClientFrame 10 upload bytes
        ClientFrame 11 input bytes
        ProcessRef 1 id uint64
        ProcessRef 2 name string
        ModuleRef 1 digest bytes
        ModuleRef 2 name string
        Argument 1 kind ValueKind
        Argument 2 signed sint64
        Argument 3 unsigned uint64
        Argument 4 f32 float
        Argument 5 f64 double
        Argument 6 buffer bytes
        Argument 7 utf8 string
        Argument 8 text string
        Argument 9 sensitive bool
        EnvironmentVariable 1 name string
        EnvironmentVariable 2 value string
        EnvironmentVariable 3 sensitive bool
        Grant 1 capability string
        Grant 2 scope string
        Limits 10 memory uint64
        Start 10 module ModuleRef
        Start 11 module_size uint64
        Start 12 module_name string
        Start 13 entrypoint string
        Start 14 arguments repeated Argument
        Start 15 results repeated ValueKind
        Start 16 argv repeated string
        Start 17 environment repeated EnvironmentVariable
        Start 18 grants repeated Grant
        Start 19 limits Limits
        Start 20 name string
        Start 21 strict bool
        Start 22 dry_run bool
        Start 23 input bool
        Start 24 attach LogRequest
        Start 30 supervision Supervision
        Start 31 remove_at_end bool
        Start 40 labels repeated Label
        Label 1 key string
        Label 2 value string
        Supervision 10 restart RestartMode
        Supervision 11 most_restarts uint32
        Supervision 12 backoff BackoffRange
        Supervision 13 reset_after_ns uint64
        Supervision 14 limit RestartLimit
        Supervision 15 no_restart_on repeated uint32
        Supervision 16 stop_timeout_ns uint64
        BackoffRange 1 minimum_ns uint64
        BackoffRange 2 maximum_ns uint64
        RestartLimit 1 count uint32
        RestartLimit 2 window_ns uint64
        Kill 10 process ProcessRef
        Restart 10 process ProcessRef
        Remove 10 process ProcessRef
        Remove 11 force bool
        Stop 10 process ProcessRef
        List 10 processes repeated ProcessRef
        List 11 include_ended bool
        List 40 filters repeated Filter
        Filter 1 key FilterKey
        Filter 2 label string
        Filter 3 values repeated string
        LogRequest 10 from uint64
        LogRequest 11 tail uint32
        LogRequest 12 streams repeated LogStream
        LogRequest 30 since sint64
        Attach 10 process ProcessRef
        Attach 11 log LogRequest
        Attach 12 input bool
        Attach 30 no_follow bool
        Wait 10 process ProcessRef
        Wait 40 until WaitUntil
        Inspect 10 process ProcessRef
        PushModule 10 digest bytes
        PushModule 11 size uint64
        PushModule 12 name string
        InspectModule 10 module ModuleRef
        RemoveModule 10 module ModuleRef
        CollectModules 10 dry_run bool
        ServerFrame 1 error Error
        ServerFrame 2 result Result
        ServerFrame 3 progress Progress
        ServerFrame 10 upload Upload
        ServerFrame 11 started Started
        ServerFrame 12 log bytes
        ServerFrame 13 gap Gap
        ServerFrame 14 following Following
        ServerFrame 15 processes Processes
        ServerFrame 40 modules Modules
        Error 1 code Code
        Error 2 message string
        Error 3 remedy string
        Error 4 retryable bool
        Error 10 denial Denial
        Error 11 range LogRange
        Error 12 field string
        Error 13 reference string
        Denial 1 capability string
        Denial 2 resource string
        Denial 3 nearest_grant string
        Denial 4 difference string
        Denial 5 role_permits bool
        Denial 6 role string
        LogRange 1 oldest uint64
        LogRange 2 last uint64
        Progress 1 phase Phase
        Progress 2 done uint64
        Progress 3 total uint64
        Upload 1 offset uint64
        ImportNote 1 module string
        ImportNote 2 name string
        ImportNote 3 capability string
        Started 1 id uint64
        Started 2 digest bytes
        Started 3 entrypoint string
        Started 4 grants repeated Grant
        Started 5 notes repeated ImportNote
        Following 1 process ProcessInfo
        Following 2 from uint64
        Gap 1 from uint64
        Gap 2 through uint64
        Gap 3 bytes uint64
        Gap 4 reason Reason
        Result 10 started Started
        Result 11 stopped Stopped
        Result 12 processes Processes
        Result 13 ended Ended
        Result 15 info ServerInfo
        Result 30 restarted Restarted
        Result 31 removed Removed
        Result 32 pruned Pruned
        Result 33 log_read LogRead
        LogRead 1 id uint64
        LogRead 2 next uint64
        Result 40 inspected Inspected
        Result 41 pushed_module PushedModule
        Result 42 modules Modules
        Result 43 inspected_module InspectedModule
        Result 44 removed_module RemovedModule
        Result 45 collected_modules CollectedModules
        Result 46 reached Reached
        Result 47 events Events
        Restarted 1 id uint64
        Restarted 2 incarnation uint32
        Removed 1 id uint64
        Pruned 1 ids repeated uint64
        ModuleRow 1 digest bytes
        ModuleRow 2 size uint64
        ModuleRow 3 namespace string
        ModuleRow 4 names repeated string
        ModuleRow 5 added_at int64
        ModuleRow 6 users uint32
        Modules 1 modules repeated ModuleRow
        PushedModule 1 digest bytes
        PushedModule 2 name string
        PushedModule 3 replaced bytes
        InspectedModule 1 module ModuleRow
        InspectedModule 2 imports repeated Import
        InspectedModule 3 exports repeated Export
        InspectedModule 4 export_count uint32
        InspectedModule 5 initial_memory uint64
        InspectedModule 6 entrypoint string
        Import 1 module string
        Import 2 name string
        Import 3 capability string
        Import 4 provided bool
        Export 1 name string
        Export 2 kind string
        Event 1 index uint64
        Event 2 time int64
        Event 3 kind EventKind
        Event 4 namespace string
        Event 5 process uint64
        Event 6 incarnation uint32
        Event 7 name string
        Event 8 detail string
        Events 1 events repeated Event
        Events 2 next uint64
        Reached 1 id uint64
        Reached 2 incarnation uint32
        RemovedModule 1 digest bytes
        RemovedModule 2 names repeated string
        RemovedModule 3 is_gone bool
        CollectedModules 1 digests repeated bytes
        CollectedModules 2 bytes uint64
        Inspected 1 process ProcessInfo
        Inspected 2 launch LaunchOutline
        Inspected 3 limits ProcessLimits
        Inspected 4 ends repeated ExitRecord
        Inspected 5 log LogRange
        LaunchOutline 1 arguments repeated Parameter
        LaunchOutline 2 results repeated ValueKind
        LaunchOutline 3 argv_lengths repeated uint64
        LaunchOutline 4 environment repeated Variable
        LaunchOutline 5 strict bool
        LaunchOutline 6 input bool
        LaunchOutline 7 remove_at_end bool
        LaunchOutline 8 module_by_name bool
        Parameter 1 kind ValueKind
        Parameter 2 length uint64
        Parameter 3 sensitive bool
        Variable 1 name string
        Variable 2 length uint64
        Variable 3 sensitive bool
        ProcessLimits 1 memory uint64
        ProcessLimits 2 tables uint32
        ProcessLimits 3 table_elements uint64
        ProcessLimits 4 log_bytes uint64
        ProcessLimits 5 log_rate uint64
        Stopped 1 id uint64
        Stopped 2 already_ended bool
        Stopped 3 exit ExitRecord
        Processes 1 processes repeated ProcessInfo
        Ended 1 id uint64
        Ended 2 exit ExitRecord
        ProcessInfo 1 id uint64
        ProcessInfo 2 namespace string
        ProcessInfo 3 name string
        ProcessInfo 4 owner string
        ProcessInfo 5 module_name string
        ProcessInfo 6 module_digest bytes
        ProcessInfo 7 entrypoint string
        ProcessInfo 8 state State
        ProcessInfo 9 incarnation uint32
        ProcessInfo 10 created_at int64
        ProcessInfo 11 uptime_ns uint64
        ProcessInfo 12 cpu_ns uint64
        ProcessInfo 13 memory uint64
        ProcessInfo 14 memory_limit uint64
        ProcessInfo 15 grants repeated Grant
        ProcessInfo 16 exit ExitRecord
        ProcessInfo 30 restarts uint32
        ProcessInfo 31 waiting Waiting
        ProcessInfo 32 supervision Supervision
        ProcessInfo 40 labels repeated Label
        Waiting 1 remaining_ns uint64
        Waiting 2 attempt uint32
        Waiting 3 of uint32
        ExitRecord 1 incarnation uint32
        ExitRecord 2 stop_requested bool
        ExitRecord 3 started_at int64
        ExitRecord 4 ended_at int64
        ExitRecord 5 cpu_ns uint64
        ExitRecord 6 peak_memory uint64
        ExitRecord 7 memory_limit uint64
        ExitRecord 8 last_sequence uint64
        ExitRecord 10 returned Returned
        ExitRecord 11 exit Exit
        ExitRecord 12 trap Trap
        ExitRecord 13 killed Killed
        ExitRecord 14 limit Limit
        ExitRecord 15 start_failed StartFailed
        ExitRecord 16 lost Lost
        Returned 1 values repeated Argument
        Exit 1 code uint32
        Killed 1 reason KillReason
        Limit 1 name string
        StartFailed 1 message string
        Trap 1 kind string
        Trap 2 message string
        Trap 3 frames repeated Frame
        Frame 1 function_index uint32
        Frame 2 module_offset uint64
        Frame 3 name string
        SystemRecord 1 began Began
        SystemRecord 2 ended ExitRecord
        SystemRecord 3 unknown_import UnknownImport
        SystemRecord 4 denied Denial
        SystemRecord 5 note string
        Began 1 incarnation uint32
        UnknownImport 1 module string
        UnknownImport 2 name string
        ServerInfo 1 version string
        ServerInfo 2 engine string
        ServerInfo 3 started_at int64
        ServerInfo 4 living_processes uint32
        ServerInfo 5 process_ceiling uint32
        ServerInfo 6 log_bytes uint64
        ServerInfo 7 identity string
        ServerInfo 8 role string
        ServerInfo 9 namespace string
        ServerInfo 10 certificate_expires_at int64
        """
}
