import Foundation
import SlipstreamUniffi

extension Duration {
    /// This time as the library takes it. What is below 0 is refused here: the generated code ends
    /// the process over it.
    func seconds(_ option: String, _ operation: String) throws -> TimeInterval {
        if self < .zero {
            let message = "\(operation): invalid argument: \(option) \(self) is not a time above 0"
            throw InvalidArgument(
                Failure(
                    code: "InvalidArgument", message: message, operation: operation, store: nil,
                    key: nil, retryable: false, outcomeUnknown: false))
        }
        return Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
