// `import SeliumNet` is enough to name everything in this room's signatures. Of NIO only the buffer:
// its socket addresses would make ours ambiguous. No other file may import it in this form: the
// compiler then forgets at times that it is exported (Swift 6.3.1).
@_exported public import SeliumNetCore

@_exported public import struct NIOCore.ByteBuffer
