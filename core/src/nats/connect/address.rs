//! Reads the URL of a connection: its servers, and the login that stands before them.

use crate::kv::KvError;
use async_nats::ServerAddr;
use std::fmt;
use std::net::Ipv6Addr;

/// The servers a URL lists, and the login it carries.
///
/// Nothing here shows a password or token: errors quote no part of the URL, since a part that
/// cannot be understood may be one.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::nats) struct Addresses {
    servers: Vec<Address>,
    login: Option<Login>,
}

/// One server.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::nats) struct Address {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
}

/// What stands before the `@` of a URL, decoded.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::nats) enum Login {
    Token(String),
    User { user: String, password: String },
}

/// How a server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) enum Scheme {
    Nats,
    Tls,
    Ws,
    Wss,
}

impl Addresses {
    /// Reads `nats://a:4222,b,tls://user:password@c`. A server without a scheme has that of the
    /// first one.
    pub(in crate::nats) fn parse(url: &str) -> Result<Self, KvError> {
        let refuse = |number: usize, problem: &str| {
            let hint = match url.contains('@') {
                true => {
                    "; write each @ : / , % of a user, password or token as %40 %3A %2F %2C %25"
                }
                false => "",
            };
            KvError::InvalidArgument(format!("url, server {number}: {problem}{hint}"))
        };
        let mut servers: Vec<Address> = Vec::new();
        let mut login = None;
        for (number, part) in (1..).zip(url.split(',')) {
            let first = servers.first().map(|server| server.scheme);
            let (server, found) =
                parse_server(part.trim(), first).map_err(|problem| refuse(number, problem))?;
            if servers.iter().any(|other| !other.scheme.goes_with(server.scheme)) {
                return Err(refuse(number, "nats:// and tls://, ws:// and wss:// cannot be mixed"));
            }
            if found.is_some() && login.is_some() && found != login {
                return Err(refuse(number, "its login differs from that of another server"));
            }
            login = found.or(login);
            servers.push(server);
        }
        Ok(Self { servers, login })
    }

    pub(in crate::nats) fn servers(&self) -> &[Address] {
        &self.servers
    }

    pub(in crate::nats) fn servers_mut(&mut self) -> &mut [Address] {
        &mut self.servers
    }

    pub(in crate::nats) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// True if one of the servers is named with TLS. What is sent to one must not go to another
    /// in the clear, so it then holds for all.
    pub(in crate::nats) fn need_tls(&self) -> bool {
        self.servers.iter().any(|server| matches!(server.scheme, Scheme::Tls | Scheme::Wss))
    }
}

impl Address {
    pub(in crate::nats) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The address as async-nats takes it, without any login.
    pub(in crate::nats) fn server_addr(&self) -> Result<ServerAddr, KvError> {
        let url = format!("{self}{}", self.path);
        url.parse().map_err(|error| KvError::InvalidArgument(format!("url {self}: {error}")))
    }
}

impl Scheme {
    /// The scheme of this name.
    pub(in crate::nats) fn named(name: &str) -> Option<Self> {
        match name {
            "nats" => Some(Self::Nats),
            "tls" => Some(Self::Tls),
            "ws" => Some(Self::Ws),
            "wss" => Some(Self::Wss),
            _ => None,
        }
    }

    pub(in crate::nats) fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Nats | Self::Tls => 4222,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    // TLS can be asked of every server that speaks NATS; a websocket has it or has it not.
    fn goes_with(self, other: Self) -> bool {
        self == other || !self.is_websocket() && !other.is_websocket()
    }
}

fn parse_server(
    part: &str,
    first: Option<Scheme>,
) -> Result<(Address, Option<Login>), &'static str> {
    let (scheme, rest) = match part.split_once("://") {
        Some((name, rest)) => {
            (Scheme::named(name).ok_or("its scheme is none of nats, tls, ws, wss")?, rest)
        }
        None => (first.ok_or("it has no scheme; use nats://, tls://, ws:// or wss://")?, part),
    };
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    if !scheme.is_websocket() && !matches!(path, "" | "/") {
        return Err("nothing may follow the host and port");
    }
    // Behind a ? may be a token, which async-nats would log; an @ may end a password.
    if path.contains(|c: char| !c.is_ascii_graphic() || "?#@".contains(c)) {
        return Err("its path has a character that no path has; nothing may follow a path");
    }
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (Some(parse_login(login)?), host),
        None => (None, authority),
    };
    let (host, port) = parse_host(host)?;
    let port = port.map_or(Ok(scheme.default_port()), parse_port)?;
    let path = if scheme.is_websocket() { path.to_owned() } else { String::new() };
    let server = Address { scheme, host, port, path };
    server.server_addr().map_err(|_| "its host is no name and no address")?;
    Ok((server, login))
}

fn parse_login(login: &str) -> Result<Login, &'static str> {
    match login.split_once(':') {
        None if login.is_empty() => Err("nothing stands before its @"),
        None => Ok(Login::Token(percent_decoded(login)?)),
        Some(("", _)) => Err("it has a password but no user"),
        Some((user, password)) => {
            Ok(Login::User { user: percent_decoded(user)?, password: percent_decoded(password)? })
        }
    }
}

/// The host, without the brackets of an IPv6 address, and the text of the port.
fn parse_host(text: &str) -> Result<(String, Option<&str>), &'static str> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or("its [ has no ]")?;
        let address: Ipv6Addr = address.parse().map_err(|_| "it has no IPv6 address in its []")?;
        let port = match rest {
            "" => None,
            rest => Some(rest.strip_prefix(':').ok_or("its ] is followed by no :port")?),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match host {
        "" => Err("it has no host"),
        _ if port.is_some_and(|port| port.contains(':')) => {
            Err("it has more than one port; an IPv6 address stands in []")
        }
        _ if host.chars().all(valid) => Ok((host.to_ascii_lowercase(), port)),
        _ => Err("its host has a character that is none of A-Z a-z 0-9 . - _"),
    }
}

fn parse_port(text: &str) -> Result<u16, &'static str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.then(|| text.parse().ok()).flatten().filter(|port| *port > 0);
    port.ok_or("its port is not a number from 1 to 65535")
}

fn percent_decoded(text: &str) -> Result<String, &'static str> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => match (bytes.next().and_then(hex), bytes.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err("a % of its login is not followed by two hexadecimal digits"),
            },
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| "its login is not UTF-8 once decoded")
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// `scheme://host:port`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        let scheme = self.scheme.name();
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]:{port}"),
            false => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// The list, with the login before the first server and its secret part as `***`.
impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = match &self.login {
            Some(Login::User { user, .. }) => format!("{}:***@", user.escape_default()),
            Some(Login::Token(_)) => "***@".to_owned(),
            None => String::new(),
        };
        for (index, server) in self.servers.iter().enumerate() {
            let shown = format!("{server}{}", server.path);
            match index {
                0 => f.write_str(&shown.replacen("://", &format!("://{login}"), 1))?,
                _ => write!(f, ",{shown}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests;
