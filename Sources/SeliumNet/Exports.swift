// `import SeliumNet` is enough to name everything in this room's signatures. Of NIO only the buffer:
// its socket addresses would make ours ambiguous.
@_exported public import SeliumNetCore

@_exported public import struct NIOCore.ByteBuffer
