// The function that opens a connection.

import SlipstreamUniffi

/// Connects to the store behind a URL.
///
/// `memory:` is private to this connection, `memory:NAME` shared within the process while a
/// connection to it is open, `file:PATH` shared by every process that opens the file.
/// `nats://HOST:PORT` is a NATS cluster, over TLS with `tls://`, over websockets with `ws://` and
/// `wss://`. `USER:PASSWORD@` or `TOKEN@` may stand before the host, percent-encoded, and further
/// servers after commas.
///
/// `timeout` is the deadline of every operation (rule L3), `connectTimeout` that of connecting
/// (L4). `wait` is how long a server that is not up yet is waited for (L6); a wrong password fails at
/// once.
///
/// The rest is for NATS only, and of `creds`, `credsFile`, `nkey`, `token`, `user` and a
/// login in the URL one may be given.
///
/// - Parameters:
///   - creds: the content of a .creds file, in base64
///   - credsFile: the path of a .creds file
///   - nkey: the seed of a user's nkey, SU...
///   - token: a token
///   - user: a user's name
///   - password: the user's password
///   - tlsCa: the path of a PEM file of the authorities to trust instead of the system's; asks for
///     TLS
///   - tlsCert: the path of a PEM file with the client's certificate; asks for TLS
///   - tlsKey: the path of a PEM file with the key of `tlsCert`
///   - tlsFirst: whether TLS starts before the server says anything (its handshake_first)
///   - staleReads: whether any replica of a store may answer reads, though it may be behind a write
///     that was just made (R5)
///   - clientName: what the server calls this connection in its reports; "slipstream" if unset
/// - Throws: ``InvalidArgument``, ``ConnectionFailed``, ``PermissionDenied``, ``Timeout``
///
/// ```swift
/// let connection = try await connect("file:./state.db")
/// let cluster = try await connect("tls://a.example,b.example", credsFile: "service.creds")
/// ```
public func connect(
    _ url: String,
    timeout: Duration = .seconds(5),
    connectTimeout: Duration = .seconds(5),
    wait: Duration? = nil,
    creds: String? = nil,
    credsFile: String? = nil,
    nkey: String? = nil,
    token: String? = nil,
    user: String? = nil,
    password: String? = nil,
    tlsCa: String? = nil,
    tlsCert: String? = nil,
    tlsKey: String? = nil,
    tlsFirst: Bool = false,
    staleReads: Bool = false,
    clientName: String? = nil
) async throws -> Connection {
    let options = ConnectOptions(
        timeout: try timeout.seconds("timeout", "connect"),
        connectTimeout: try connectTimeout.seconds("connect_timeout", "connect"),
        wait: try wait?.seconds("wait", "connect"),
        creds: creds, credsFile: credsFile, nkey: nkey, token: token, user: user,
        password: password, tlsCa: tlsCa, tlsCert: tlsCert, tlsKey: tlsKey, tlsFirst: tlsFirst,
        staleReads: staleReads, clientName: clientName)
    let session = try await awaiting {
        try await SlipstreamUniffi.connect(url: url, options: options)
    }
    return Connection(session)
}
