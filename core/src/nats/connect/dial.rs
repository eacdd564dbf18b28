//! A connection of our own to a server: it logs in as async-nats would.

use super::credentials::Credentials;
use super::websocket::WebSocket;
use crate::nats::wire::frame::{Frame, NotUnderstood, next_frame};
use async_nats::{Auth, ConnectInfo, Protocol, ServerAddr, ServerInfo};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::BytesMut;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use std::{io, net};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_websockets::client::Builder;

/// How to log in to a server without async-nats, as it would be done with it.
#[derive(Clone)]
pub(in crate::nats) struct Dial {
    pub(in crate::nats) credentials: Credentials,
    pub(in crate::nats) tls: Arc<ClientConfig>,
    /// True if nothing may be sent in the clear.
    pub(in crate::nats) require_tls: bool,
    /// True if TLS starts before the server says anything.
    pub(in crate::nats) tls_first: bool,
    pub(in crate::nats) client_name: String,
    /// How long one address may take.
    pub(in crate::nats) limit: Duration,
}

/// The name of the subscription that is made with the connection.
pub(in crate::nats) const INBOX: &str = "inbox";

/// A connection that a server has accepted, and what it has sent since.
pub(in crate::nats) struct Accepted {
    pub(in crate::nats) socket: Box<dyn Socket>,
    /// The socket once more, if bytes written to it are sent unchanged: neither TLS nor a websocket
    /// is in between.
    pub(in crate::nats) direct: Option<net::TcpStream>,
    pub(in crate::nats) read: BytesMut,
}

/// Plain or TLS, or a websocket over either.
pub(in crate::nats) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

impl Dial {
    /// Connects to one server and subscribes to one subject.
    pub(in crate::nats) async fn open(
        &self,
        server: &ServerAddr,
        inbox: &str,
    ) -> io::Result<Accepted> {
        let mut refused = io::Error::other("the name of the server has no address");
        for address in server.socket_addrs().await? {
            let opened = timeout(self.limit, async {
                let socket = TcpStream::connect(address).await?;
                socket.set_nodelay(true)?;
                let socket = socket.into_std()?;
                let direct = socket.try_clone()?;
                self.log_in(TcpStream::from_std(socket)?, direct, server, inbox).await
            });
            match opened.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(accepted) => return Ok(accepted),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    async fn log_in(
        &self,
        socket: TcpStream,
        direct: net::TcpStream,
        server: &ServerAddr,
        inbox: &str,
    ) -> io::Result<Accepted> {
        let (mut socket, mut direct): (Box<dyn Socket>, _) = (Box::new(socket), Some(direct));
        let mut read = BytesMut::with_capacity(4096);
        let over_websocket = server.is_websocket();
        if over_websocket {
            direct = None;
            socket = self.start_websocket(socket, server).await?;
        } else if self.tls_first {
            direct = None;
            socket = self.start_tls(socket, server).await?;
        }
        let Frame::Info(info) = read_frame(&mut socket, &mut read).await? else {
            return Err(NotUnderstood.into());
        };
        let info: ServerInfo = serde_json::from_slice(&info)?;
        let require_tls = self.require_tls || server.tls_required();
        let later = !over_websocket && !self.tls_first;
        if later && (require_tls || info.tls_required) {
            // Bytes that came in the clear cannot be a part of the conversation under TLS.
            read.clear();
            direct = None;
            socket = self.start_tls(socket, server).await?;
        }
        let auth = self.credentials.answer(info.nonce.as_bytes()).map_err(io::Error::other)?;
        let connect = serde_json::to_string(&self.connect_info(auth, require_tls))?;
        let text = format!("CONNECT {connect}\r\nSUB {inbox} {INBOX}\r\nPING\r\n");
        socket.write_all(text.as_bytes()).await?;
        socket.flush().await?;
        loop {
            match read_frame(&mut socket, &mut read).await? {
                Frame::Pong => return Ok(Accepted { socket, direct, read }),
                Frame::Error(text) => return Err(io::Error::other(text)),
                Frame::Ping => {
                    socket.write_all(b"PONG\r\n").await?;
                    socket.flush().await?;
                }
                Frame::Info(_) | Frame::Ok | Frame::Message(_) => {}
            }
        }
    }

    /// TLS of a websocket is below it.
    async fn start_websocket(
        &self,
        mut socket: Box<dyn Socket>,
        server: &ServerAddr,
    ) -> io::Result<Box<dyn Socket>> {
        if server.as_url_str().starts_with("wss:") {
            socket = self.start_tls(socket, server).await?;
        }
        let builder = Builder::new().uri(server.as_url_str()).map_err(io::Error::other)?;
        let (messages, _) = builder.connect_on(socket).await.map_err(io::Error::other)?;
        Ok(Box::new(WebSocket::over(messages)))
    }

    async fn start_tls(
        &self,
        socket: Box<dyn Socket>,
        server: &ServerAddr,
    ) -> io::Result<Box<dyn Socket>> {
        let name = ServerName::try_from(server.host().to_owned()).map_err(io::Error::other)?;
        let tls = TlsConnector::from(self.tls.clone()).connect(name, socket).await?;
        Ok(Box::new(tls))
    }

    fn connect_info(&self, auth: Auth, tls_required: bool) -> ConnectInfo {
        ConnectInfo {
            verbose: false,
            pedantic: false,
            user_jwt: auth.jwt,
            nkey: auth.nkey,
            signature: auth.signature.map(|signature| URL_SAFE_NO_PAD.encode(signature)),
            name: Some(self.client_name.clone()),
            echo: false,
            lang: "slipstream".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: Protocol::Original,
            tls_required,
            user: auth.username,
            pass: auth.password,
            auth_token: auth.token,
            headers: true,
            no_responders: true,
        }
    }
}

async fn read_frame(socket: &mut Box<dyn Socket>, read: &mut BytesMut) -> io::Result<Frame> {
    loop {
        if let Some(frame) = next_frame(read)? {
            return Ok(frame);
        }
        read.reserve(4096);
        if socket.read_buf(read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

impl From<NotUnderstood> for io::Error {
    fn from(_: NotUnderstood) -> Self {
        Self::new(io::ErrorKind::InvalidData, "the server does not speak NATS")
    }
}
