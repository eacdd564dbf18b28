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
}
