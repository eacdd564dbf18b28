// The function that opens a connection.

package slipstream

import slipstream.ffi.ConnectOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import slipstream.ffi.connect as nativeConnect

/**
 * Connects to the store behind a URL.
 *
 * `memory:` is private to this connection, `memory:NAME` shared within the process while a
 * connection to it is open, `file:PATH` shared by every process that opens the file.
 * `nats://HOST:PORT` is a NATS cluster, over TLS with `tls://`, over websockets with `ws://` and
 * `wss://`. `USER:PASSWORD@` or `TOKEN@` may stand before the host, percent-encoded, and further
 * servers after commas.
 *
 * What follows the times is for NATS only, and of [creds], [credsFile], [nkey], [token], [user] and
 * a login in the URL one may be given.
 *
 * ```
 * connect("file:./state.db").use { connection ->
 *     val store = connection.store("nodes")
 *     val version = store.put("node.a", "10.0.0.1".toByteArray())
 * }
 * ```
 *
 * @param url where to
 * @param timeout the deadline of every operation (rule L3)
 * @param connectTimeout how long connecting may take (L4)
 * @param wait how long a server that is not up yet is waited for (L6); a wrong password fails at once
 * @param creds the content of a .creds file, in base64
 * @param credsFile the path of a .creds file
 * @param nkey the seed of an nkey, SU...
 * @param token a token
 * @param user a user's name
 * @param password the user's password
 * @param tlsCa the path of a PEM file of the authorities to trust instead of the system's; asks for
 *   TLS
 * @param tlsCert the path of a PEM file with the client's certificate; asks for TLS
 * @param tlsKey the path of a PEM file with the key of [tlsCert]
 * @param tlsFirst whether TLS starts before the server says anything (its handshake_first)
 * @param staleReads whether any replica of a store may answer reads, though it may be behind a write
 *   that was just made (R5)
 * @param clientName what the server calls this connection in its reports
 * @throws InvalidArgument if the URL or an option breaks a rule
 * @throws ConnectionFailed if nothing was reached
 * @throws PermissionDenied if the login was refused
 * @throws Timeout if it took too long
 */
public suspend fun connect(
    url: String,
    timeout: Duration = 5.seconds,
    connectTimeout: Duration = 5.seconds,
    wait: Duration? = null,
    creds: String? = null,
    credsFile: String? = null,
    nkey: String? = null,
    token: String? = null,
    user: String? = null,
    password: String? = null,
    tlsCa: String? = null,
    tlsCert: String? = null,
    tlsKey: String? = null,
    tlsFirst: Boolean = false,
    staleReads: Boolean = false,
    clientName: String? = null,
): Connection {
    prepareCallbacks()
    val options =
        ConnectOptions(
            timeout.toNative("timeout", "connect"),
            connectTimeout.toNative("connect_timeout", "connect"),
            wait?.toNative("wait", "connect"),
            creds,
            credsFile,
            nkey,
            token,
            user,
            password,
            tlsCa,
            tlsCert,
            tlsKey,
            tlsFirst,
            staleReads,
            clientName,
        )
    return Connection(translating { nativeConnect(url, options) })
}
