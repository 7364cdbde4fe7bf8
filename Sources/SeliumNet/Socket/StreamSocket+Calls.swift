internal import CPosix

extension StreamSocket {
    func shutdown(_ half: StreamHalf) throws(NetError) {
        do throws(Failure) {
            try socket.call { cposix_shutdown($0, half.rawValue) }
        } catch {
            throw self.error(error, .shutdown)
        }
    }

    func option(_ option: SocketOption) throws(NetError) -> Int {
        do throws(Failure) {
            return Int(try socket.option(option))
        } catch {
            throw self.error(error, .option)
        }
    }

    func set(_ option: SocketOption, _ value: Int) throws(NetError) {
        do throws(Failure) {
            try socket.set(option, value)
        } catch {
            throw self.error(error, .option)
        }
    }
}
