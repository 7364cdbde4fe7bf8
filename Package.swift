// swift-tools-version: 6.2
import PackageDescription

// The map of the house: every target with what it may import, one settings array.
// docs/imports.txt repeats the arrows; scripts/check compares every `import` line with it.

let house: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// What only the server, the commands and their tests need. An application that depends on this
/// package with `traits: []` fetches none of it.
let server: TargetDependencyCondition? = .when(traits: ["Server"])

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift", condition: server)
let x509: Target.Dependency = .product(
    name: "X509", package: "swift-certificates", condition: server)
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1", condition: server)
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto", condition: server)
let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser", condition: server)
let configuration: Target.Dependency = .product(
    name: "Configuration", package: "swift-configuration", condition: server)

// The engine is a prebuilt library that scripts/setup puts into a project-local prefix. Only the
// runtime's products reach CWasmtime, so these flags touch nobody who embeds the client.
let enginePrefix =
    Context.environment["WASMTIME_PREFIX"] ?? "\(Context.packageDirectory)/.deps/wasmtime"
let engineFlags: [LinkerSetting] = [
    .unsafeFlags([
        "-L\(enginePrefix)/lib",
        "-Xlinker", "-rpath=\(enginePrefix)/lib",
        "-Xlinker", "-rpath=$ORIGIN/../lib/selium",
    ]),
    .linkedLibrary("wasmtime"),
]

func room(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: house)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

func example(_ name: String, _ folder: String) -> Target {
    .executableTarget(
        name: name, dependencies: ["SeliumNet"], path: "Sources/Examples/Hosts/\(folder)",
        swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil)
    -> Target
{
    .testTarget(
        name: name, dependencies: dependencies + ["SeliumTesting"], resources: resources,
        swiftSettings: house)
}

let package = Package(
    name: "selium",
    products: [
        .library(name: "SeliumClient", targets: ["SeliumClient"]),
        .library(name: "SeliumQUIC", targets: ["SeliumQUIC"]),
        .library(name: "SeliumNet", targets: ["SeliumNet"]),
        .executable(name: "selium", targets: ["selium"]),
        .executable(name: "selium-runtime", targets: ["selium-runtime"]),
        .executable(name: "selium-bench", targets: ["selium-bench"]),
    ],
    traits: [
        .default(enabledTraits: ["Server"]),
        .trait(
            name: "Server",
            description: "The runtime, the control server and the commands, not only the client."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // C rooms.
        .systemLibrary(name: "CNGTCP2", providers: [.apt(["libngtcp2-dev"])]),
        .target(name: "CBoringTLS", dependencies: [nioSSL]),
        .target(name: "CQUICTLS", dependencies: ["CBoringTLS", "CNGTCP2"]),
        .target(name: "CWasmtime", linkerSettings: engineFlags),
        .target(name: "CPosix"),

        // Pure rooms.
        room("SeliumABI", []),
        room("SeliumNetCore", []),
        room("SeliumTLSCore", ["SeliumNetCore", "CBoringTLS"]),
        room(
            "SeliumQUICCore",
            ["SeliumTLSCore", "SeliumNetCore", "CQUICTLS", "CNGTCP2", deque]),
        room(
            "SeliumProtocol", ["SeliumNetCore", "SeliumABI", protobuf],
            exclude: ["Proto/control.proto"]),
        room("SeliumKernel", ["SeliumABI", "SeliumNetCore", deque]),

        // Rooms that touch the world.
        room("SeliumWasm", ["CWasmtime", deque]),
        room(
            "SeliumQUIC",
            ["SeliumQUICCore", "SeliumTLSCore", "SeliumNetCore", nioCore, nioPosix, logging, deque]),
        room("SeliumNet", ["SeliumNetCore", "CPosix", nioCore, nioPosix, heap]),
        room("SeliumCertificates", [x509, asn1, crypto]),
        room("SeliumHosting", ["SeliumKernel", "SeliumABI", "SeliumNetCore"]),
        room(
            "SeliumRuntime",
            [
                "SeliumHosting", "SeliumWasm", "SeliumKernel", "SeliumABI", "SeliumNetCore",
                "SeliumTLSCore",
                "CPosix", grdb, logging, deque,
            ]),
        room(
            "SeliumServer",
            [
                "SeliumHosting", "SeliumQUIC", "SeliumProtocol", "SeliumKernel", "SeliumABI",
                "SeliumNetCore",
                "SeliumTLSCore", protobuf, logging,
            ]),
        room(
            "SeliumClient",
            [
                "SeliumQUIC", "SeliumProtocol", "SeliumABI", "SeliumNetCore", "SeliumTLSCore",
                protobuf, logging,
            ]),
        room(
            "SeliumCLI",
            [
                "SeliumClient", "SeliumCertificates", "SeliumABI", "SeliumNetCore", argumentParser,
                configuration, logging,
            ]),
        room("SeliumGuest", ["SeliumABI"]),

        // Programs.
        program("selium", ["SeliumCLI"]),
        program(
            "selium-runtime",
            [
                "SeliumServer", "SeliumRuntime", "SeliumCertificates", "SeliumHosting",
                "SeliumQUIC", "SeliumKernel",
                "SeliumABI", "SeliumNetCore", "SeliumTLSCore", argumentParser, configuration,
                logging,
            ]),
        program(
            "selium-bench",
            [
                "SeliumClient", "SeliumQUIC", "SeliumRuntime", "SeliumHosting", "SeliumTLSCore",
                "SeliumKernel",
                "SeliumNetCore", "SeliumTestSupport", argumentParser, logging,
            ]),

        // Programs for people to read; a test runs each.
        example("example-echo", "Echo"),
        example("example-hand-over", "HandOver"),
        example("example-multicast", "Multicast"),
        example("example-resolve", "Resolve"),

        // Tests.
        .target(
            name: "SeliumTestSupport",
            dependencies: [
                "SeliumQUICCore", "SeliumTLSCore", "SeliumNetCore", "SeliumKernel", "SeliumHosting",
                "SeliumABI", "SeliumProtocol",
                "SeliumCertificates", logging, protobuf,
            ],
            swiftSettings: house),
        .target(name: "SeliumTesting", swiftSettings: house),
        tests("SeliumABITests", ["SeliumABI"]),
        tests("SeliumNetCoreTests", ["SeliumNetCore"]),
        tests("SeliumTLSCoreTests", ["SeliumTLSCore", "SeliumTestSupport", "SeliumCertificates"]),
        tests(
            "SeliumQUICCoreTests",
            [
                "SeliumQUICCore", "SeliumTLSCore", "SeliumNetCore", "CBoringTLS", "CQUICTLS",
                "SeliumTestSupport",
            ]),
        tests(
            "ConformanceTests",
            [
                "CBoringTLS", "CQUICTLS", "CNGTCP2", "SeliumTLSCore", "SeliumQUICCore",
                "SeliumTestSupport",
            ]),
        tests("SeliumProtocolTests", ["SeliumProtocol", "SeliumTestSupport", protobuf]),
        tests(
            "SeliumKernelTests",
            ["SeliumKernel", "SeliumABI", "SeliumNetCore", "SeliumTestSupport"]),
        tests("SeliumWasmTests", ["SeliumWasm"]),
        tests(
            "SeliumQUICTests",
            [
                "SeliumQUIC", "SeliumTLSCore", "SeliumNetCore", "SeliumTestSupport", nioCore,
                nioPosix, logging,
            ]),
        tests(
            "SeliumNetTests",
            [
                "SeliumNet", "example-echo", "example-hand-over", "example-multicast",
                "example-resolve", nioCore, nioPosix,
            ]),
        tests("SeliumCertificatesTests", ["SeliumCertificates", x509, asn1]),
        tests(
            "SeliumRuntimeTests",
            [
                "SeliumRuntime", "SeliumABI", "SeliumHosting", "SeliumKernel", "SeliumWasm",
                "SeliumTestSupport", grdb, "SeliumTLSCore", logging,
            ]),
        tests(
            "SeliumServerTests",
            [
                "SeliumServer", "SeliumHosting", "SeliumProtocol", "SeliumQUIC", "SeliumKernel",
                "SeliumTLSCore",
                "SeliumTestSupport", protobuf,
            ]),
        tests(
            "SeliumClientTests",
            ["SeliumClient", "SeliumServer", "SeliumHosting", "SeliumTestSupport", "SeliumTLSCore"]),
        tests("SeliumCLITests", ["SeliumCLI", "SeliumClient", argumentParser]),
        tests("IntegrationTests", ["SeliumClient", "SeliumTestSupport"]),
    ]
)
