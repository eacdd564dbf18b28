// Durations, checked and converted to those of the library.

import Foundation
import SlipstreamUniffi

extension Duration {
    /// This time as the library takes it. What is below 0 or does not fit into its seconds is
    /// refused here: the generated code ends the process over it. What is shorter than a nanosecond
    /// is rounded up.
    func seconds(_ option: String, _ operation: String) throws -> TimeInterval {
        func refused(_ rule: String) -> InvalidArgument {
            let message = "\(operation): invalid argument: \(option) \(self) is \(rule)"
            return InvalidArgument(
                Failure(
                    code: "InvalidArgument", message: message, operation: operation, store: nil,
                    key: nil, retryable: false, outcomeUnknown: false))
        }
        if self <= .zero { throw refused("not a time above 0") }
        if self > .seconds(Int64.max / 2) { throw refused("too long a time") }
        return max(Double(components.seconds) + Double(components.attoseconds) / 1e18, 1e-9)
    }
}
