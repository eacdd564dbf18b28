# frozen_string_literal: true

# The method that opens a connection.

module Slipstream
  # Connects to the store behind a URL. With a block, gives it the connection and closes that in the
  # end.
  #
  # `memory:` is private to this connection, `memory:NAME` shared within the process while a
  # connection to it is open, `file:PATH` shared by every process that opens the file.
  # `nats://HOST:PORT` is a NATS cluster, over TLS with `tls://`, over websockets with `ws://` and
  # `wss://`. `USER:PASSWORD@` or `TOKEN@` may stand before the host, percent-encoded, and further
  # servers after commas.
  #
  # `timeout` is the deadline of every operation (rule L3), `connect_timeout` that of connecting
  # (L4); both are seconds, and 5 unless given. `wait` is how long a server that is not up yet is
  # waited for, in seconds (L6); a wrong password fails at once.
  #
  # The rest is for NATS only, and of `creds`, `creds_file`, `nkey`, `token`, `user` and a login in
  # the URL one may be given:
  #
  # creds::       the content of a .creds file, in base64
  # creds_file::  the path of a .creds file
  # nkey::        the seed of a user's nkey, SU...
  # token::       a token
  # user::        a user's name
  # password::    the user's password
  # tls_ca::      the path of a PEM file of the authorities to trust instead of the system's; asks
  #               for TLS
  # tls_cert::    the path of a PEM file with the client's certificate; asks for TLS
  # tls_key::     the path of a PEM file with the key of tls_cert
  # tls_first::   whether TLS starts before the server says anything (its handshake_first)
  # stale_reads:: whether any replica of a store may answer reads, though it may be behind a write
  #               that was just made (R5)
  # client_name:: what the server calls this connection in its reports; "slipstream" if unset
  #
  # Raises InvalidArgument, ConnectionFailed, PermissionDenied, Timeout.
  #
  #   Slipstream.connect("memory:") { |connection| connection.store("nodes") }
  #   connection = Slipstream.connect("tls://a.example,b.example", creds_file: "service.creds")
  def self.connect(url, timeout: nil, connect_timeout: nil, wait: nil,
                   creds: nil, creds_file: nil, nkey: nil, token: nil, user: nil, password: nil,
                   tls_ca: nil, tls_cert: nil, tls_key: nil, tls_first: false, stale_reads: false, client_name: nil, &block)
    options = SlipstreamUniffi::ConnectOptions.new(
      timeout: Duration.of("timeout", timeout),
      connect_timeout: Duration.of("connect_timeout", connect_timeout),
      wait: Duration.of("wait", wait),
      creds:, creds_file: creds_file&.to_s, nkey:, token:, user:, password:,
      tls_ca: tls_ca&.to_s, tls_cert: tls_cert&.to_s, tls_key: tls_key&.to_s,
      tls_first:, stale_reads:, client_name:
    )
    session = Native.call { SlipstreamUniffi.connect_blocking(url, options) }
    Closing.after(Connection.new(session), &block)
  end
end
