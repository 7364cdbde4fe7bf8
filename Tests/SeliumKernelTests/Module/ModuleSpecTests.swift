import SeliumABI
import SeliumKernel
import SeliumTesting
import Testing

@Suite("Module specs", .inTurn())
struct ModuleSpecTests {
    @Test("the published line starts the control server that is built in")
    func publishedLine() throws {
        let spec = try ModuleSpec(
            "path=modules/selium_remote_client_server.wasm;capabilities=ChannelLifecycle,ChannelReader,"
                + "ChannelWriter,ProcessLifecycle,NetQuicBind,NetQuicAccept,NetQuicRead,NetQuicWrite;"
                + "args=utf8:localhost,u16:7000")
        #expect(spec.isControlServer)
        #expect(spec.grants.map(\.capability.rawValue) == [1, 2, 3, 4, 5, 6, 8, 9])
        let listener = try spec.controlListener()
        #expect(listener.host == "localhost")
        #expect(listener.port == 7_000)
    }

    @Test(
        "the control server needs its capabilities and its arguments",
        arguments: [
            "capabilities=NetQuicBind;args=utf8:h,u16:1",
            "capabilities=NetQuicAccept;args=utf8:h,u16:1",
            "args=utf8:h,u16:1", "capabilities=NetQuicBind,NetQuicAccept;args=utf8:h",
            "capabilities=NetQuicBind,NetQuicAccept;args=u16:1,utf8:h",
        ])
    func control(rest: String) throws {
        let spec = try ModuleSpec("path=selium_remote_client_server.wasm;" + rest)
        #expect(throws: KernelError.self) { try spec.controlListener() }
    }

    @Test("both ways to write a file mean the same", arguments: ["a.wasm", "modules/a.wasm"])
    func paths(path: String) throws {
        let spec = try ModuleSpec("path=\(path)")
        #expect(spec.file == "a.wasm")
        #expect(spec.grants.isEmpty && spec.arguments.isEmpty && spec.entrypoint == nil)
    }

    @Test("everything there is, with quoting and untyped arguments")
    func everything() throws {
        let spec = try ModuleSpec(
            #"path=a.wasm;entrypoint=main;name=web-1;params=utf8,i8,buffer;args=a\,b\;c,-5,hex:00ff;env=A=1,B=x\,y"#
        )
        #expect(spec.entrypoint == "main")
        #expect(spec.name?.text == "web-1")
        #expect(spec.arguments.map(\.value) == [.utf8("a,b;c"), .i8(-5), .buffer([0, 255])])
        #expect(spec.environment.map { "\($0.name)=\($0.value)" } == ["A=1", "B=x,y"])
    }

    @Test(
        "mistakes are quoted",
        arguments: [
            ("path=a.wasm;pat=b", "'pat'"), ("path=a.wasm;path=b.wasm", "'path' twice"),
            ("path=", "'path='"),
            ("path=a.wasm;oops", "'oops'"), ("", "no 'path'"), ("=x", "'=x'"),
            ("path=/a.wasm", "'path=/a.wasm'"),
            ("path=../a.wasm", "'path=../a.wasm'"), ("path=modules/..", "'path=modules/..'"),
            ("path=a.wasm;capabilities=TimeReed", "did you mean 'TimeRead'?"),
            ("path=a.wasm;args=u16:70000", "'70000'"),
            ("path=a.wasm;args=5", "'5'"), ("path=a.wasm;params=u17;args=1", "'u17'"),
            ("path=a.wasm;log_uri=x", "'log_uri'"), ("path=a.wasm;name=7", "'name=7'"),
            ("path=a.wasm;env=A", "'A'"), ("path=a.wasm;env=A=1,A=2", "'A' twice"),
            ("path=a.wasm;params=u8;args=1,2", "2 arguments"),
            ("path=a.wasm;args=resource:7", "'resource'"),
            ("path=a.wasm;capabilities=FsRead", "FsRead"),
        ])
    func mistakes(text: String, quoted: String) {
        let error = #expect(throws: KernelError.self) { try ModuleSpec(text) }
        let shown = error?.description ?? ""
        #expect(shown.contains(quoted), "\(shown)")
    }
}
