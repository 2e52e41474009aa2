//! The binary: it says where it listens, and listens there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_prints_its_endpoint_and_answers_there() {
    let child = Command::new(env!("CARGO_BIN_EXE_local-aws"))
        .args(["--table", "steady", "--topic", "oncall"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Ended(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let endpoint = lines.next().unwrap();
    let address = endpoint.strip_prefix("endpoint  http://").unwrap();
    let told: Vec<String> = lines.take_while(|line| !line.ends_with("Ctrl-C ends it")).collect();
    assert!(told.contains(&"topic     arn:aws:sns:eu-west-1:111122223333:oncall".to_owned()));
    assert!(told.contains(&"table     steady".to_owned()));

    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-amz-target: AmazonSSM.GetParameter\r\ncontent-length: 2\r\n\r\n{{}}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("MissingAuthenticationTokenException"), "{answer}");
}
