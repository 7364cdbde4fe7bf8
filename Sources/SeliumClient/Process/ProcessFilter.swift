/// One thing that the processes of a list have to be.
public enum ProcessFilter: Sendable, Hashable {
    /// Its name is one of these.
    case name([String])
    case namespace([String])
    /// Who started it.
    case owner([String])
    /// What the starter called the module, or `sha256:` and 64 digits.
    case module([String])
    /// One that has ended is listed where ended ones are included.
    case state([ProcessState])
    /// It has a label of that key, with one of the values; of any value when there are none.
    case label(String, [String] = [])
}
