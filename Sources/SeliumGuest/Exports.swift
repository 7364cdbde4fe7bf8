// The error numbers of host calls are part of this room's interface.
@_exported public import SeliumABI
