// The vocabulary that appears in this room's signatures.
@_exported public import SeliumNetCore
@_exported public import SeliumTLSCore
