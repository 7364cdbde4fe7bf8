// `import SeliumClient` is enough: capability names and value kinds are part of its API.
@_exported public import SeliumABI
