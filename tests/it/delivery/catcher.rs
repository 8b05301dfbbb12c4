//! A receiver of web messages and a mail server that keep what they get.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A message as it came.
#[derive(Clone, Debug, Default)]
pub struct Got {
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub answered: u16,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// What a receiver answers: status and further header lines, by the number of the request.
type Answer = dyn Fn(usize) -> (u16, &'static str) + Send + Sync;

#[derive(Clone)]
pub struct Catcher {
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Catcher {
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// A receiver of web messages on this machine.
    pub async fn web(
        answer: impl Fn(usize) -> (u16, &'static str) + Send + Sync + 'static,
    ) -> Self {
        let answer: Arc<Answer> = Arc::new(answer);
        Self::listen(move |stream, got| {
            let answer = Arc::clone(&answer);
            async move { web_request(stream, &got, &*answer).await }
        })
        .await
    }

    /// A mail server on this machine. It takes mail only when `takes` says so.
    pub async fn mail(takes: impl Fn(usize) -> bool + Send + Sync + 'static) -> Self {
        let takes = Arc::new(takes);
        Self::listen(move |stream, got| {
            let takes = Arc::clone(&takes);
            async move { mail_session(stream, &got, &*takes).await }
        })
        .await
    }

    async fn listen<F, R>(handle: F) -> Self
    where
        F: Fn(TcpStream, Arc<Mutex<Vec<Got>>>) -> R + Send + Sync + 'static,
        R: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = handle(stream, Arc::clone(&kept));
                // A client that goes away in the middle is the test's doing.
                tokio::spawn(async move { drop(session.await) });
            }
        });
        Self { address, got }
    }
}

async fn web_request(
    stream: TcpStream,
    got: &Mutex<Vec<Got>>,
    answer: &Answer,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut message, mut line) = (Got::default(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            // Its sender was killed: no request at all.
            return Ok(());
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            message
                .headers
                .push((name.to_lowercase(), value.to_owned()));
        }
    }
    let length: usize = message.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    message.body = String::from_utf8(body).unwrap();
    let (status, more) = {
        let mut got = got.lock().unwrap();
        let (status, more) = answer(got.len());
        message.answered = status;
        got.push(message);
        (status, more)
    };
    let text =
        format!("HTTP/1.1 {status} x\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

async fn mail_session(
    stream: TcpStream,
    got: &Mutex<Vec<Got>>,
    takes: &(dyn Fn(usize) -> bool + Send + Sync),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 catcher\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" | "HELO" => b"250 catcher\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
                        break;
                    }
                    text.push_str(&line);
                }
                let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
                let headers = head.lines().filter_map(|line| line.split_once(": "));
                let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
                let mut got = got.lock().unwrap();
                let is_taken = takes(got.len());
                got.push(Got {
                    headers: headers.collect(),
                    body: body.to_owned(),
                    answered: if is_taken { 250 } else { 451 },
                });
                if is_taken {
                    b"250 kept\r\n"
                } else {
                    b"451 try again later\r\n"
                }
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        stream.write_all(reply).await?;
    }
}
