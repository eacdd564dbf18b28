// Tests of the Swift package, as far as it adds to what is generated.

import Foundation
import Slipstream
import XCTest

final class SlipstreamTests: XCTestCase {
    private func opened() async throws -> Store {
        try await connect("memory:").store("nodes")
    }

    func testWhatIsWrittenIsRead() async throws {
        let store = try await opened()
        let version = try await store.put("node.a", Data("1".utf8))
        let entry = try await store.get("node.a")
        XCTAssertEqual(entry?.value, Data("1".utf8))
        XCTAssertEqual(entry?.version, version)
        let missing = try await store.get("node.b")
        XCTAssertNil(missing)
    }

    func testAnOldVersionIsRefusedWithTheErrorOfItsKind() async throws {
        let store = try await opened()
        let version = try await store.put("node.a", Data("1".utf8))
        try await store.update("node.a", Data("2".utf8), version)
        do {
            try await store.update("node.a", Data("3".utf8), version)
            XCTFail("nothing was thrown")
        } catch let error as RevisionMismatch {
            XCTAssertEqual(error.code, "RevisionMismatch")
            XCTAssertEqual(error.key, "node.a")
        }
    }

    func testAWatchTellsTheStateAndThenEveryChange() async throws {
        let store = try await opened()
        try await store.put("node.a", Data("1".utf8))
        let watch = try store.watch("node.")
        try await watch.synced()
        try await store.delete("node.a")
        var told: [String] = []
        for try await update in watch {
            switch update {
            case .put(let put): told.append("put \(put.key)")
            case .delete(let delete): told.append("delete \(delete.key)")
            case .purge(let purge): told.append("purge \(purge.key)")
            }
            if told.count == 2 || !told[0].hasPrefix("put") { break }
        }
        XCTAssertEqual(told.last, "delete node.a")
    }

    func testPrefixesAndKeysComeInAnArrayAsWell() async throws {
        let store = try await opened()
        for key in ["a.1", "b.1", "c.1", "d"] { try await store.put(key, Data("1".utf8)) }
        func told(_ watch: Watch, _ count: Int) async throws -> [String] {
            var keys: [String] = []
            for try await update in watch {
                keys.append(update.key)
                if keys.count == count { break }
            }
            return keys
        }
        let everything = try await told(try store.watch(), 4)
        XCTAssertEqual(everything, ["a.1", "b.1", "c.1", "d"])
        let listed = try await told(try store.watch(["a.", "c."]), 2)
        XCTAssertEqual(listed, ["a.1", "c.1"])
        let beside = try await told(try store.watch("a.", keys: ["d"]), 2)
        XCTAssertEqual(beside, ["a.1", "d"])
        let nothing = try await told(try store.watch([]), 0)
        XCTAssertEqual(nothing, [])
    }

    func testACancelledReaderClosesItsWatch() async throws {
        let store = try await opened()
        let watch = try store.watch("")
        let reader = Task { () -> Int in
            var count = 0
            for try await _ in watch { count += 1 }
            return count
        }
        reader.cancel()
        let count = try await reader.value
        XCTAssertEqual(count, 0)
    }

    func testG1DurationsAreBoundedAndNothingWraps() async throws {
        let store = try await opened()
        let refused: [Duration] = [
            .zero, .seconds(-1), .seconds(36_500 * 86_400 + 1), .seconds(Int64.max),
            .seconds(Int64.max) * 4,
        ]
        for ttl in refused {
            do {
                try await store.put("a", Data("1".utf8), ttl: ttl)
                XCTFail("\(ttl) was taken")
            } catch let error as InvalidArgument {
                XCTAssertTrue(error.message.contains("ttl"), error.message)
            }
        }
        for ttl in [Duration.nanoseconds(1), .seconds(36_500 * 86_400)] {
            try await store.put("b", Data("1".utf8), ttl: ttl)
        }
    }

    func testG2ARefusedReaderClosesNothing() async throws {
        let store = try await opened()
        let watch = try store.watch("")
        try await withThrowingTaskGroup(of: String?.self) { readers in
            for _ in 0..<2 {
                readers.addTask {
                    do {
                        return try await watch.makeAsyncIterator().next()?.key
                    } catch is OperationFailed {
                        return "refused"
                    }
                }
            }
            // There is nothing to read yet, so the other one still waits.
            let second = try await readers.next()
            XCTAssertEqual(second, "refused")
            try await store.put("a", Data("1".utf8))
            let first = try await readers.next()
            XCTAssertEqual(first, "a")
        }
    }

    func testX5HandlesAreNotCodable() async throws {
        let store = try await opened()
        let handles: [Any] = [try await connect("memory:"), store, try store.watch("")]
        for handle in handles {
            XCTAssertFalse(handle is Encodable || handle is Decodable, "\(handle)")
        }
    }
}
