//! What is taken out of log lines, what stays, and what must hold whatever comes.

use std::borrow::Cow;

use proptest::prelude::*;
use steady_core::redact::{redact, redact_lines};

/// Stands for `§` in the tables: 24 characters as a generator of passwords makes them. Tokens are put together here,
/// so that no scanner takes them for real ones.
const SECRET: &str = "q7Rt2bXw9LpZ4mNc8vKd1hSy";

/// 40 characters of base 64.
const AWS_SECRET: &str = "q7Rt2bXw9LpZ4mNc8vKd1hSyTf3GjBu6QeWa5/xC";

fn filled(text: &str) -> String {
    let text = text.replace("AWS40", AWS_SECRET).replace("ID16", "Q7RT2BXW9LPZ4MNC");
    text.replace('§', SECRET)
}

#[test]
fn secrets_known_by_name_are_taken_out_and_the_name_stays() {
    let table = [
        // key=value, in a line, in a list, in a query
        ("password=§", "password=[redacted]"),
        ("connecting with password=§ to db", "connecting with password=[redacted] to db"),
        ("DB_PASSWORD=§", "DB_PASSWORD=[redacted]"),
        ("DB_PASSWORD_PROD=§", "DB_PASSWORD_PROD=[redacted]"),
        ("db.password = §", "db.password = [redacted]"),
        ("passwd=§", "passwd=[redacted]"),
        ("Pwd=§;Server=db", "Pwd=[redacted];Server=db"),
        ("Server=db;User Id=app;Password=§;", "Server=db;User Id=app;Password=[redacted];"),
        ("PASS=§", "PASS=[redacted]"),
        ("smtpPass=§", "smtpPass=[redacted]"),
        ("GET /cb?token=§&user=bob 200", "GET /cb?token=[redacted]&user=bob 200"),
        ("GET /?a=1&api_key=§ HTTP/1.1", "GET /?a=1&api_key=[redacted] HTTP/1.1"),
        ("user[password]=§", "user[password]=[redacted]"),
        ("apikey=§, retries=3", "apikey=[redacted], retries=3"),
        ("api-key=§", "api-key=[redacted]"),
        ("client_secret=§", "client_secret=[redacted]"),
        ("SECRET_KEY_BASE=§", "SECRET_KEY_BASE=[redacted]"),
        ("password=a,b&c §", "password=[redacted] §"),
        ("password='two words §' user=bob", "password='[redacted]' user=bob"),
        (r#"password="quo\"te §" user=bob"#, r#"password="[redacted]" user=bob"#),
        (r#"Some { password: Some("two §"), n: 1 }"#, "Some { password: [redacted], n: 1 }"),
        ("map[password:§ user:bob]", "map[password:[redacted] user:bob]"),
        (r#":password=>"§", :user=>"bob""#, r#":password=>"[redacted]", :user=>"bob""#),
        (r#"password := "§""#, r#"password := "[redacted]""#),
        // key: value
        ("password: §", "password: [redacted]"),
        ("x-api-key: §", "x-api-key: [redacted]"),
        ("{password: §, user: bob}", "{password: [redacted], user: bob}"),
        ("refreshToken: §", "refreshToken: [redacted]"),
        // JSON, and JSON within JSON
        (r#"{"password":"§","user":"bob"}"#, r#"{"password":"[redacted]","user":"bob"}"#),
        (r#"{"apiKey": "§"}"#, r#"{"apiKey": "[redacted]"}"#),
        (r#"{"passwordOld":"§"}"#, r#"{"passwordOld":"[redacted]"}"#),
        (r#"{"auth":"§"}"#, r#"{"auth":"[redacted]"}"#),
        (r#"{"pin":1,"token":12345678}"#, r#"{"pin":1,"token":[redacted]}"#),
        (r#""{\"token\":\"§\",\"n\":1}""#, r#""{\"token\":\"[redacted]\",\"n\":1}""#),
        (r#"{'secret': '§'}"#, "{'secret': '[redacted]'}"),
        (r#"{"password":"§ cut of"#, r#"{"password":"[redacted]"#),
        // XML, flags, headers
        ("<Password>§</Password>", "<Password>[redacted]</Password>"),
        ("run --password § --port 80", "run --password [redacted] --port 80"),
        ("run --db-password=§ --port 80", "run --db-password=[redacted] --port 80"),
        (r#"["--token", "§", "-v"]"#, r#"["--token", "[redacted]", "-v"]"#),
        ("Authorization: Bearer §", "Authorization: Bearer [redacted]"),
        ("authorization: Basic YXBwOnB3", "authorization: Basic [redacted]"),
        ("Authorization: §", "Authorization: [redacted]"),
        ("curl -H 'Authorization: Token §' x", "curl -H 'Authorization: Token [redacted]' x"),
        (r#"{"Authorization":"Bearer §","n":1}"#, r#"{"Authorization":"Bearer [redacted]","n":1}"#),
        ("authorization=Bearer § n=1", "authorization=Bearer [redacted] n=1"),
        ("Cookie: session=§; id=§", "Cookie: [redacted]"),
    ];
    for (given, wanted) in table {
        let (given, wanted) = (filled(given), filled(wanted));
        assert_eq!(redact(&given), wanted, "{given}");
        assert_eq!(redact(&wanted), wanted, "what is redacted is no secret");
    }
}

#[test]
fn secrets_known_by_form_are_taken_out_and_what_tells_them_stays() {
    let table = [
        ("postgres://app:§@db:5432/x", "postgres://app:[redacted]@db:5432/x"),
        ("redis://:§@cache:6379", "redis://:[redacted]@cache:6379"),
        ("jdbc:mysql://app:p@ss/§@db/x", "jdbc:mysql://app:[redacted]@db/x"),
        ("https://a:§@npm.x/@scope/p", "https://a:[redacted]@npm.x/@scope/p"),
        ("amqp://a:12345@mq", "amqp://a:[redacted]@mq"),
        (r#"DATABASE_URL="pg://a:§@db""#, r#"DATABASE_URL="pg://a:[redacted]@db""#),
        ("mongodb://a:§@h1,h2/x", "mongodb://a:[redacted]@h1,h2/x"),
        ("got Bearer §", "got Bearer [redacted]"),
        ("got bearer §.", "got bearer [redacted]"),
        ("got Basic YXBwOnB3cHc=", "got Basic [redacted]"),
        ("key AKIAID16 is not valid", "key AKIA[redacted] is not valid"),
        ("ASIAID16,", "ASIA[redacted],"),
        ("aws_secret_access_key = AWS40", "aws_secret_access_key = [redacted]"),
        ("aws keys AKIAID16 / AWS40", "aws keys AKIA[redacted] / [redacted]"),
        ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0 bad", "jwt eyJ[redacted] bad"),
        ("push with ghp_§ failed", "push with ghp_[redacted] failed"),
        ("github_pat_§", "github_pat_[redacted]"),
        ("slack xoxb-§", "slack xoxb-[redacted]"),
        ("https://hooks.slack.com/services/T0/§", "https://hooks.slack.com/services/[redacted]"),
        ("stripe sk_live_§", "stripe sk_live_[redacted]"),
        ("glpat-§", "glpat-[redacted]"),
    ];
    for (given, wanted) in table {
        let given = filled(given);
        assert_eq!(redact(&given), wanted, "{given}");
        assert_eq!(redact(wanted), wanted, "what is redacted is no secret");
    }
}

#[test]
fn what_is_no_secret_stays_byte_for_byte() {
    let table = [
        "",
        "listening on 0.0.0.0:8080",
        "panic: DATABASE_URL is not set",
        "FATAL: password authentication failed for user \"app\"",
        "password: null, token: undefined",
        "DB_PASSWORD=",
        "DB_PASSWORD is not set",
        "password=[redacted]",
        "password=********",
        "token: expired",
        "TokenExpiredError: jwt expired",
        "SyntaxError: Unexpected token: }",
        "SyntaxError: Unexpected token < in JSON at position 0",
        "c.e.auth.TokenFilter: no filter",
        "org.springframework.security.PasswordEncoder: default",
        "max_tokens=4096 prompt_tokens: 12",
        "secret_name=prod/db token_url=https://idp/token",
        "not authorized to perform: secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-4mNc8v",
        "POST https://secretsmanager.eu-west-1.amazonaws.com:443/",
        "PWD=/app",
        "bypass=1 compass=north",
        "tests pass: 12, fail: 0",
        "https://host:8080/path?email=a@b.c",
        "ssh://git@github.com/x/y",
        "http://[::1]:8080/ and user:group",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b of aws secret",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Bearer authentication is on, basic usage: run",
        "    at Object.<anonymous> (/app/index.js:3:7)",
        "2026-11-21T02:13:58Z ERROR pool: 3 of 10 connections, wait=250ms",
        "größer als 10 € 日本語",
        "-----BEGIN CERTIFICATE-----",
    ];
    for line in table {
        assert!(matches!(redact(line), Cow::Borrowed(_)), "{line}: {}", redact(line));
    }
}

#[test]
fn a_private_key_is_taken_out_to_its_end_or_to_the_end_of_the_text() {
    let body = format!("{AWS_SECRET}{SECRET}\n{SECRET}");
    let (begin, end) = ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----");
    let all = format!("before\n{begin}\n{body}\n{end}\nafter");
    assert_eq!(redact(&all), format!("before\n{begin}[redacted]\n{end}\nafter"));
    assert_eq!(redact(&format!("x {begin}\n{body}")), format!("x {begin}[redacted]"));
    // Its begin is not among the last lines.
    assert_eq!(redact(&format!("before it\n{body}\n{end}")), format!("before it\n[redacted]{end}"));
    let one_line = format!("key: {begin}\\n{SECRET}\\n{end}\\n done");
    assert_eq!(redact(&one_line), format!("key: {begin}[redacted]{end}\\n done"));
    let json = format!(r#"{{"private_key":"{begin}\n{SECRET}\n{end}\n","n":1}}"#);
    assert!(!redact(&json).contains(SECRET));
}

#[test]
fn each_line_that_is_left_says_which_it_was() {
    let key = ["a", "-----BEGIN PRIVATE KEY-----", "xx", "-----END PRIVATE KEY-----", "b"];
    let left: Vec<usize> = redact_lines(&key).into_iter().map(|(at, _)| at).collect();
    assert_eq!(left, [0, 1, 3, 4]);
}

#[test]
fn control_characters_and_escapes_are_gone_and_hide_no_secret() {
    let table = [
        ("\u{1b}[31mERROR\u{1b}[0m pool", "ERROR pool"),
        ("\u{1b}]0;title\u{7}ready", "ready"),
        ("\u{1b}]8;;https://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("pass\u{1b}[1mword=§", "password=[redacted]"),
        ("pass\u{0}word=§", "password=[redacted]"),
        ("pass\u{200b}word=§", "password=[redacted]"),
        ("\tat com.example", " at com.example"),
        ("one\r", "one"),
        ("right \u{202e}to left", "right to left"),
        ("\u{1b}", ""),
        ("\u{9b}31mred", "red"),
    ];
    for (given, wanted) in table {
        assert_eq!(redact(&filled(given)), wanted, "{given:?}");
    }
}

#[test]
fn hostile_text_costs_no_more_than_its_length() {
    let pieces = [
        "://",
        "a:b@",
        "://u:",
        "eyJ",
        "eyJ-",
        "password=",
        "password",
        "\"",
        "\\\"",
        "=",
        "::",
        "--password ",
        "Bearer ",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "\u{1b}]",
        "\u{1b}[",
        "\u{9b}1;",
        "AKIA",
        "sk-",
        "x",
        " ",
        "&a",
        "password=&",
        "password=(",
        "token: \"",
        "cookie:",
        "<secret>",
        "A1a/",
        "://a:1",
        "--token",
        "authorization: basic ",
        "key\n",
        "Aa1\n",
    ];
    for piece in pieces {
        // The square of it would take hours.
        let _ = redact(&piece.repeat(200_000 / piece.len()));
    }
}

/// A line with one secret in one of the forms.
fn with_secret() -> impl Strategy<Value = (String, String)> {
    const NAMES: [&str; 11] = [
        "password",
        "DB_PASSWORD",
        "passwd",
        "secret",
        "client_secret",
        "token",
        "access_token",
        "api_key",
        "apikey",
        "X-Api-Key",
        "refreshToken",
    ];
    const FORMS: [&str; 17] = [
        "{n}={s}",
        "{n}: {s}",
        "{n} = \"{s}\"",
        "\"{n}\": \"{s}\"",
        "\\\"{n}\\\":\\\"{s}\\\"",
        "'{n}': '{s}'",
        "x?{n}={s}&y=1",
        "--{n} {s}",
        "--{n}={s}",
        "Authorization: Bearer {s}",
        "Authorization: Basic {s}",
        "https://user:{s}@host/path",
        "ghp_{s}",
        "eyJ{s}.{s}.{s}",
        "Bearer {s}1",
        "-----BEGIN EC PRIVATE KEY-----\n{s}\n{s}\n-----END EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n{s}\n{s}",
    ];
    let around = "[ -~]{0,20}";
    let parts = (
        prop::sample::select(&NAMES[..]),
        prop::sample::select(&FORMS[..]),
        "[A-Za-z0-9]{24}",
        around,
        around,
    );
    parts.prop_map(|(name, form, secret, before, after)| {
        let form = form.replace("{n}", name).replace("{s}", &secret);
        (format!("{before} {form} {after}"), secret)
    })
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        let _ = redact(&text);
    }

    #[test]
    fn no_text_of_what_the_forms_are_made_of_is_too_strange(
        text in "([ -~\n]|password|token|://|eyJ|Bearer |-----BEGIN PRIVATE KEY-----|é|\u{1b}\\[|AKIA){0,40}",
    ) {
        let once = redact(&text);
        prop_assert!(!once.contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn no_secret_of_a_known_form_is_left((text, secret) in with_secret()) {
        prop_assert!(!redact(&text).contains(&secret), "{}", redact(&text));
    }

    #[test]
    fn words_stay_as_they_are(text in "[a-zé ,.()0-9/]{0,80}") {
        prop_assert_eq!(redact(&text), text.as_str());
    }
}
