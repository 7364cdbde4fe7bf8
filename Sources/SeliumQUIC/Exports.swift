// `import SeliumQUIC` is enough to name everything in this room's signatures.
@_exported public import SeliumQUICCore
