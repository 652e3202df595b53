use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::raw::TABLES;
use super::*;
use crate::monitor::{Credentials, MessageMatch};

/// Every secret in these tests has it in it, and nothing else has.
const CANARY: &str = "QZX";

/// The canary is base64 as well.
const SECRET_IN_BASE64: &str = "QZXQZXQZXQZX";

/// A folder with the files that the good configurations name.
struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["voice.example.com".to_owned()]).unwrap();
        fs::create_dir(folder.path().join("secrets")).unwrap();
        for name in ["secrets/token", "secrets/voice-token", "secrets/signature"] {
            fs::write(folder.path().join(name), format!("{CANARY}{CANARY}\n")).unwrap();
        }
        for name in ["ca.pem", "client.pem"] {
            fs::write(folder.path().join(name), made.cert.pem()).unwrap();
        }
        fs::write(folder.path().join("client-key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::write(folder.path().join("secrets/client-secret"), SECRET_IN_BASE64).unwrap();
        let speech =
            hound::WavSpec { channels: 1, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut speech = hound::WavWriter::create(folder.path().join("speech.wav"), speech).unwrap();
        (0..1600).for_each(|n| speech.write_sample(n * 10).unwrap());
        speech.finalize().unwrap();
        Self { folder }
    }

    fn parse(&self, text: &str) -> Result<Config, Problems> {
        let variable = |name: &str| match name {
            "VOICE_TOKEN" => Some(format!("{CANARY}{CANARY}").into()),
            "CLIENT_SECRET" => Some(SECRET_IN_BASE64.into()),
            _ => None,
        };
        parse_with(text, "monitors.toml", Surroundings::new(self.folder.path(), &variable), Readers::Many)
            .map(|(config, _)| config)
    }

    #[track_caller]
    fn good(&self, text: &str) -> Config {
        self.parse(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    }
}

fn fixtures(kind: &str) -> Vec<PathBuf> {
    // Relative to the package's folder, in which tests run, so that pages name no folder of this machine.
    let mut files: Vec<PathBuf> =
        fs::read_dir(Path::new("tests/fixtures/config").join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

fn monitor(text: &str) -> String {
    format!("[[monitor]]\nname = \"booking-agent\"\nurl = \"wss://voice.example.com/\"\n{text}")
}

#[test]
fn every_mistake_has_its_page() {
    for path in fixtures("bad") {
        let name = stem(&path);
        let problems = load(&path).expect_err(name);
        let code = name.split("--").next().unwrap();
        for problem in &problems {
            assert_eq!(problem.code.label(), code, "{name}: {problems}");
        }
        assert!(!problems.rendered(true).contains("hunter2"), "{name} prints a secret");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, problems.to_string());
        });
    }
}

#[test]
fn every_code_is_provoked() {
    let mut provoked: BTreeSet<String> =
        fixtures("bad").iter().map(|path| stem(path).split("--").next().unwrap().to_owned()).collect();
    let large = " ".repeat(LARGEST + 1);
    let many: String = (0..=10_000).map(|i| format!("[[monitor]]\nname=\"m{i}\"\nurl=\"ws://h\"\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let pages = [
        load(&folder.path().join("none.toml")).unwrap_err(),
        parse(&large, "large.toml", Path::new("")).unwrap_err(),
        parse(&many, "many.toml", Path::new("")).unwrap_err(),
    ];
    for page in pages {
        assert_eq!(page.len(), 1);
        provoked.extend(page.iter().map(|problem| problem.code.label().to_owned()));
    }
    let all: BTreeSet<String> = Code::ALL.iter().map(|code| code.label().to_owned()).collect();
    assert_eq!(provoked, all);
}

#[test]
fn all_problems_are_shown_at_once() {
    let text = format!("{}hodl = 1\n{}interval = 1\n[[monitor]]\n", monitor("hold = 3\n"), monitor(""));
    let problems = parse(&text, "monitors.toml", Path::new("")).unwrap_err();
    let found: Vec<(&str, usize)> =
        problems.iter().map(|p| (p.code.label(), 1 + text[..p.labels[0].span.start].matches('\n').count())).collect();
    let expected = [
        ("wrong-type", 4),
        ("unknown-key", 5),
        ("duplicate-name", 7),
        ("wrong-type", 9),
        ("missing-key", 10),
        ("missing-key", 10),
    ];
    // `name` and `url` are missing at the same place, and that counts once.
    assert_eq!(found, expected[..5]);
}

#[test]
fn a_syntax_error_hides_no_other_problem_and_makes_none() {
    let good = "[[monitor]]\nname = \"support-line\"\nurl = \"wss://voice.example.com/\"\n";
    let rows = [
        // The broken line may be the one that is missed elsewhere, or set the hold that does not fit.
        (
            "hold = 10s\ninterval = \"5s\"\nhodl = 1\nmode = \"stream\"\n",
            &[("syntax", 4), ("unknown-key", 6), ("unknown-word", 7)][..],
        ),
        ("accept_codes = [1000]\nmin_hold = \"5s\n", &[("syntax", 5)]),
        ("ip = \"v5\nmode = \"stream\"\n", &[("syntax", 4), ("unknown-word", 5)]),
        // Nobody knows whose keys these are.
        ("[monitor.expect\necho = true\n[monitor.raw]\ncadence = 1\n", &[("syntax", 4), ("wrong-type", 7)]),
        ("fail_after = 0\n[[monitor]\nname = \"booking-agent\"\n", &[("out-of-range", 4), ("syntax", 5)]),
    ];
    for (lines, expected) in rows {
        let text = format!("{}{good}", monitor(lines));
        let problems = parse(&text, "monitors.toml", Path::new("")).unwrap_err();
        let line = |problem: &Problem| 1 + text[..problem.labels[0].span.start].matches('\n').count();
        let found: Vec<(&str, usize)> = problems.iter().map(|problem| (problem.code.label(), line(problem))).collect();
        assert_eq!(found, expected, "{text}\n{problems}");
    }
}

#[test]
fn a_key_that_is_set_twice_is_shown_twice() {
    let text =
        monitor("hold = \"1s\"\nraw = { frame = \"none\", cadence = \"1s\" }\n\"hold\" = \"2s\"\n[[monitor]]\nhold = \"3s\"\n");
    let problems = parse(&text, "monitors.toml", Path::new("")).unwrap_err();
    let twice = problems.iter().find(|problem| problem.code == Code::Syntax).unwrap();
    let places: Vec<&str> = twice.labels.iter().map(|label| &text[label.span.start..][..11]).collect();
    assert_eq!(places, ["\"hold\" = \"2", "hold = \"1s\""], "{problems}");
}

#[test]
fn good_files_load() {
    let workshop = Workshop::new();
    for path in fixtures("good") {
        let config = workshop.good(&fs::read_to_string(&path).unwrap());
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("good--{}", stem(&path)), format!("{}\n{}", summary(&config), config.notes.join("\n")));
        });
    }
}

#[test]
fn every_key_has_an_effect() {
    let workshop = Workshop::new();
    let text = fs::read_to_string("tests/fixtures/config/good/every-key.toml").unwrap();
    let whole = workshop.good(&text);
    for key in TABLES.iter().flat_map(|table| table.keys) {
        let forms = [format!("{} = ", key.name), format!("[monitor.{}]", key.name), format!("[discovery.{}]", key.name)];
        assert!(forms.iter().any(|form| text.contains(form)), "{} is missing in every-key.toml", key.name);
    }
    // Without the line, the outcome is another one: a key that is read and forgotten would be found here.
    for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
        if line == "dialect = \"raw\"" || line == "mode = \"streamed\"" {
            continue;
        }
        let without: String =
            text.lines().enumerate().filter(|(i, _)| *i != number).map(|(_, line)| format!("{line}\n")).collect();
        assert_ne!(workshop.parse(&without).ok(), Some(whole.clone()), "`{line}` has no effect");
    }
}

#[test]
fn defaults_of_the_reference_are_those_of_the_program() {
    let workshop = Workshop::new();
    let plain = workshop.good(&monitor(""));
    assert_eq!(plain.daemon, DaemonSettings::default());
    let named = |m: &Monitor| Monitor::new(m.name.clone(), m.endpoint.target().unwrap().clone());
    assert_eq!(*plain.monitors[0], named(&plain.monitors[0]));
    for table in &TABLES {
        for key in table.keys.iter().filter(|key| key.default != "_") {
            let line = format!("{} = {}", key.name, key.default);
            let text = match table.place {
                "`[daemon]`" => format!("[daemon]\n{line}\n{}", monitor("")),
                "`[monitor.raw]`" | "`[monitor.expect]`" => monitor(&format!("{}\n{line}\n", table.place.trim_matches('`'))),
                // The tables of providers' dialects.
                "`[monitor.call]`" | "`[monitor.audio]`" | "`[monitor.signature]`" => continue,
                // No monitor has one by default.
                "`[monitor.webhook]` or `[monitor.fallback]`" => {
                    let webhook = "[[monitor]]\nname = \"booking-agent\"\n[monitor.webhook]\nurl = \"https://voice.example.com/\"\nprovider = \"twilio\"\n";
                    assert_eq!(workshop.good(&format!("{webhook}{line}\n")), workshop.good(webhook), "{line}");
                    continue;
                }
                "`[[discovery]]`" => {
                    let list = |line: &str| {
                        format!(
                            "[[discovery]]\nname = \"d\"\nurl = \"https://inventory.example.com/\"\n{line}\n[discovery.monitor]\nurl = \"wss://{{target}}/\"\n"
                        )
                    };
                    assert_eq!(workshop.good(&list(&line)), workshop.good(&list("")), "{line}");
                    continue;
                }
                _ => monitor(&format!("{line}\n")),
            };
            assert_eq!(workshop.good(&text), plain, "{line}");
        }
    }
    let ping = workshop.good(&monitor("ping_interval = \"5s\"\n")).monitors[0].hold.ping.unwrap();
    assert_eq!(ping.timeout, Duration::from_secs(5), "as the reference says");
}

#[test]
fn a_monitor_overrides_the_defaults() {
    let workshop = Workshop::new();
    let config = workshop.good(&fs::read_to_string("tests/fixtures/config/good/overrides.toml").unwrap());
    let [own, plain] = config.monitors.as_slice() else { panic!("two monitors") };
    let names =
        |m: &Monitor| m.dial.headers.iter().map(|(name, value)| format!("{name}: {}", value.expose())).collect::<Vec<_>>();
    assert_eq!(names(own), ["X-Team: platform", "x-region: us"], "header by header");
    assert_eq!(names(plain), ["X-Region: eu", "X-Team: platform"]);
    assert!(matches!(own.dial.credentials, Some(Credentials::Bearer(_))), "the group of credentials is replaced");
    assert!(matches!(plain.dial.credentials, Some(Credentials::Basic { .. })));
    assert!(matches!(own.expect.message, Some(MessageMatch::Json { .. })));
    assert!(own.expect.clean_close, "key by key");
    assert_eq!((own.dialect.audio(), own.dialect.cadence()), (plain.dialect.audio(), Some(Duration::from_millis(20))));
    assert_eq!(plain.dialect.cadence(), None);
    assert_eq!(own.rhythm.interval, Duration::from_secs(120));
    assert!(!own.dial.tls.extra_roots.is_empty());
}

#[test]
fn headers_keep_the_order_of_the_file() {
    let config = Workshop::new().good(&monitor("headers = { X-B = \"1\", X-A = \"2\", X-C = \"3\" }\n"));
    let names: Vec<&str> = config.monitors[0].dial.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-B", "X-A", "X-C"]);
}

#[test]
fn the_file_at_the_root_loads_with_and_without_its_examples() {
    let workshop = Workshop::new();
    let text = fs::read_to_string("monitors.toml").unwrap();
    let config = load(Path::new("monitors.toml")).unwrap();
    insta::assert_snapshot!("monitors-toml", summary(&config));
    assert_eq!(config.notes, Vec::<String>::new());
    let uncommented: String = text.lines().map(|line| format!("{}\n", line.strip_prefix("#~ ").unwrap_or(line))).collect();
    let all = workshop.good(&uncommented);
    let examples = text.matches("#~ [[monitor]]").count();
    assert!(examples >= 4, "{examples}");
    assert_eq!(all.monitors.len(), config.monitors.len() + examples);
}

#[test]
fn documentation_matches() {
    let path = "docs/configuration.md";
    let (begin, end) = ("<!-- reference: begin -->\n", "<!-- reference: end -->");
    let text = fs::read_to_string(path).unwrap();
    let (head, rest) = text.split_once(begin).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let expected = format!("{head}{begin}{}{end}{tail}", reference());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, expected).unwrap();
    } else {
        assert!(text == expected, "the reference is not that of the code: `UPDATE_DOCS=1 cargo test` writes it");
    }
    let example = fs::read_to_string("tests/fixtures/config/bad/interval-too-short.toml").unwrap();
    let page = parse(&example, "monitors.toml", Path::new("")).unwrap_err().to_string();
    assert!(text.contains(page.split("\n\n").next().unwrap()), "the page that the documentation shows is another one:\n{page}");
    let blocks: Vec<&str> = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 5);
    let workshop = Workshop::new();
    for block in blocks {
        // Excerpts without a monitor of their own, or with settings of one.
        let text = if block.contains("[[monitor]]") {
            block.to_owned()
        } else if block.starts_with("[daemon]") || block.starts_with("[defaults]") {
            format!("{block}\n{}", monitor(""))
        } else {
            monitor(block)
        };
        workshop.good(&text);
    }
}

#[test]
fn slow_and_insecure_monitors_are_noted() {
    let workshop = Workshop::new();
    assert_eq!(workshop.good(&monitor("")).notes, Vec::<String>::new());
    let four: String =
        (0..4).map(|i| monitor("insecure = true\ninterval = \"30s\"\n").replace("booking-agent", &format!("m{i}"))).collect();
    insta::assert_snapshot!(workshop.good(&four).notes.join("\n"), @r"
    `insecure = true`: certificates are not checked for `m0`, `m1`, `m2` and 1 more; a provider checks them, so callers may hear silence while this is green
    a failing probe may take up to 36s 250ms, which is longer than the interval, for `m0`, `m1`, `m2` and 1 more; slots are skipped and counted then. Set `interval` (30s, line 5) to 37s or more, or shorter deadlines, first of all `upgrade_timeout` (10s by default)
    ");
}

#[test]
fn what_no_call_would_reach_is_noted() {
    let workshop = Workshop::new();
    let notes = |dialect: &str, url: &str, lines: &str| {
        let text = monitor(&format!("dialect = \"{dialect}\"\n{lines}\n")).replace("wss://voice.example.com/", url);
        workshop.good(&text).notes.join("\n")
    };
    let rows = [
        ("twilio", "wss://voice.example.com/?token=x", "", "does not carry the query, for `booking-agent`"),
        ("conversation-relay", "wss://voice.example.com/?token=x", "", ""),
        ("telnyx", "wss://voice.example.com/?token=x", "", ""),
        ("twilio", "ws://voice.example.com/", "", "dials `wss://` alone"),
        ("twilio", "ws://127.0.0.1:5050/", "", ""),
        ("asterisk", "ws://voice.example.com/", "", ""),
        ("exotel", "wss://voice.example.com/?sample-rate=8000", "", ""),
        ("exotel", "wss://voice.example.com/", "", ""),
        ("exotel", "wss://voice.example.com/?sample-rate=8000", "audio = { sample_rate = 16000 }", "Exotel takes the rate from"),
        ("exotel", "wss://voice.example.com/?sample-rate=16000", "", "Exotel takes the rate from"),
        ("exotel", "wss://voice.example.com/?sample-rate=16000", "audio = { sample_rate = 16000 }", ""),
        ("sinch", "wss://voice.example.com/", "hold = \"3s\"", "`hold` is shorter than the time that the provider gives"),
        ("sinch", "wss://voice.example.com/", "hold = \"3s\"\ncall = { answer_within = \"2s\" }", ""),
        ("sinch", "wss://voice.example.com/", "hold = \"5s\"", ""),
        ("twilio", "wss://voice.example.com/", "hold = \"3s\"", ""),
    ];
    for (dialect, url, lines, expected) in rows {
        let notes = notes(dialect, url, lines);
        assert!(notes.contains(expected) && notes.is_empty() == expected.is_empty(), "{dialect} {url} {lines}: {notes}");
    }
}

/// A monitor that begins at a webhook.
fn webhook(url: &str, own: &str, table: &str) -> String {
    format!("[[monitor]]\nname = \"front-desk\"\n{own}[monitor.webhook]\nurl = \"{url}\"\n{table}")
}

#[test]
fn webhooks_are_noted() {
    let workshop = Workshop::new();
    const HTTPS: &str = "https://voice.example.com/voice";
    let traditional = "[monitor.fallback]\nurl = \"http://voice.example.com/traditional\"\n";
    let rows = [
        (HTTPS, "dialect = \"twilio\"\n", "", ""),
        (HTTPS, "dialect = \"conversation-relay\"\n", "provider = \"twilio\"\n", ""),
        (HTTPS, "dialect = \"vobiz\"\n", "", ""),
        (HTTPS, "dialect = \"infobip\"\n", "provider = \"json\"\npointer = \"/url\"\n", ""),
        (HTTPS, "dialect = \"telnyx\"\n", "provider = \"twilio\"\n", "are two providers, for `front-desk`"),
        ("http://voice.example.com/voice", "dialect = \"twilio\"\n", "", "asked without encryption"),
        ("http://localhost:5050/voice", "dialect = \"twilio\"\n", "", ""),
        ("http://[::1]:5050/voice", "dialect = \"twilio\"\n", "", ""),
        (HTTPS, "dialect = \"twilio\"\n", traditional, "asked without encryption"),
        (HTTPS, "dialect = \"twilio\"\ninsecure = true\n", "", "certificates are not checked for `front-desk`"),
        ("http://localhost/", "dialect = \"twilio\"\ninsecure = true\n", "", "certificates are not checked"),
    ];
    for (url, own, table, expected) in rows {
        let notes = workshop.good(&webhook(url, own, table)).notes.join("\n");
        assert!(notes.contains(expected) && notes.is_empty() == expected.is_empty(), "{url} {own} {table}: {notes}");
    }
    let dialled = "dialect = \"twilio\"\ninterval = \"30s\"\n";
    insta::assert_snapshot!(workshop.good(&webhook(HTTPS, dialled, "")).notes.join("\n"), @"a failing probe may take up to 52s 250ms, which is longer than the interval, for `front-desk`; slots are skipped and counted then. Set `interval` (30s, line 4) to 53s or more, or shorter deadlines, first of all `timeout` of `[monitor.webhook]` (15s by default)");
    let slow = format!("timeout = \"9s\"\n{}timeout = \"20s\"\n", traditional.replace("http:", "https:"));
    insta::assert_snapshot!(workshop.good(&webhook(HTTPS, dialled, &slow)).notes.join("\n"), @"a failing probe may take up to 1m 6s 250ms, which is longer than the interval, for `front-desk`; slots are skipped and counted then. Set `interval` (30s, line 4) to 1m 7s or more, or shorter deadlines, first of all `timeout` of `[monitor.fallback]` (20s, line 10)");
}

#[test]
fn values_of_webhooks_that_log_in_stand_elsewhere_unless_they_come_from_options() {
    let table = "headers = { X-Api-Key = \"hunter2\" }\nparameters = { auth_token = \"hunter2\", StirPassportToken = \"\", From = \"+12025550123\" }\n";
    let text = webhook("https://voice.example.com/voice", "dialect = \"twilio\"\n", table);
    let text = format!("{text}[monitor.fallback]\nurl = \"https://voice.example.com/other\"\n{table}");
    let problems = parse(&text, "monitors.toml", Path::new("")).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::InlineSecret; 4], "{problems}");
    assert!(!format!("{problems}{problems:?}").contains("hunter2"), "{problems}");
    let config = parse_options(&text, "the options given", Path::new("")).unwrap();
    assert_eq!(config.monitors[0].endpoint.webhook().unwrap().headers[0].1.expose(), "hunter2");
}

#[test]
fn names_that_may_be_secrets_are_not_shown() {
    for text in
        [monitor("api_key = \"hunter2\"\n"), webhook("https://voice.example.com/voice", "", "api_key = \"hunter2\"\nkey = 1\n")]
    {
        let problems = parse(&text, "monitors.toml", Path::new("")).unwrap_err();
        assert!(!format!("{}{problems:?}", problems.rendered(true)).contains("hunter2"), "{problems}");
    }
}

#[test]
fn hosts_of_webhooks_are_those_of_urls() {
    let host = |text: &str| {
        let text = webhook("https://voice.example.com/voice", "dialect = \"twilio\"\n", &format!("expect_host = \"{text}\"\n"));
        let config = Workshop::new().parse(&text);
        config.map(|config| config.monitors[0].endpoint.webhook().unwrap().expect_host.clone().unwrap())
    };
    let rows = [("Media.Example.com.", "media.example.com"), ("[2001:DB8::1]", "[2001:db8::1]"), ("192.0.2.1", "192.0.2.1")];
    for (text, expected) in rows {
        assert_eq!(host(text).unwrap(), expected);
    }
    let rows = [
        ("https://media.example.com", "a URL"),
        ("media.example.com:8443", "a port"),
        ("media.example.com/voice", "a path"),
        ("2001:db8::1", "in brackets"),
        ("media example", "no host name"),
    ];
    for (text, word) in rows {
        let problems = host(text).unwrap_err();
        assert!(problems.iter().all(|problem| problem.code == Code::InvalidServerName), "{problems}");
        assert!(problems.to_string().contains(word), "{text}: {problems}");
    }
}

#[test]
fn a_file_of_silence_cannot_come_back() {
    let workshop = Workshop::new();
    let spec = hound::WavSpec { channels: 1, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut zeros = hound::WavWriter::create(workshop.folder.path().join("zeros.wav"), spec).unwrap();
    (0..1600).for_each(|_| zeros.write_sample(0_i16).unwrap());
    zeros.finalize().unwrap();
    let codes = |file: &str| {
        let text = monitor(&format!("dialect = \"twilio\"\naudio = {{ file = \"{file}\" }}\nexpect = {{ echo = true }}\n"));
        workshop.parse(&text).map_or_else(|problems| problems.iter().map(|problem| problem.code).collect(), |_| Vec::new())
    };
    assert_eq!(codes("zeros.wav"), [Code::NothingToEcho]);
    assert_eq!(codes("none.wav"), [Code::BadFile], "it is not known to be silent");
    assert_eq!(codes("speech.wav"), []);
}

#[test]
fn too_few_places_are_noted() {
    let workshop = Workshop::new();
    let notes = |places: u32| {
        let four: String = (0..4).map(|i| monitor("hold = \"29s\"\n").replace("booking-agent", &format!("m{i}"))).collect();
        workshop.good(&format!("[daemon]\nmax_concurrent_probes = {places}\n{four}")).notes
    };
    // Each takes 30 s of every 60 s.
    assert_eq!(notes(2), Vec::<String>::new());
    insta::assert_snapshot!(notes(1).join("\n"), @"about 2 probes run at the same time, and `max_concurrent_probes` is 1: probes will wait and slots be skipped. Set it to 2 or more, or longer intervals");
}

#[cfg(unix)]
#[test]
fn header_values_that_everybody_can_read_are_noted() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitors.toml");
    let notes = |text: &str, mode: u32| {
        fs::write(&path, monitor(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        load(&path).unwrap().notes.len()
    };
    assert_eq!(notes("headers = { X-Tenant = \"one\" }\n", 0o644), 1);
    assert_eq!(notes("headers = { X-Tenant = \"one\" }\n", 0o640), 0);
    assert_eq!(notes("", 0o644), 0);
}

#[test]
fn headers_that_log_in_have_their_value_elsewhere_unless_they_come_from_options() {
    let text = monitor("headers = { Authorization = \"Bearer hunter2\", X-Api-Key = \"hunter2\" }\n");
    let problems = parse(&text, "monitors.toml", Path::new("")).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::InlineSecret; 2]);
    assert!(!format!("{problems}{problems:?}").contains("hunter2"), "{problems}");
    let config = parse_options(&text, "the options given", Path::new("")).unwrap();
    assert_eq!(config.monitors[0].dial.headers[1].1.expose(), "hunter2");
}

/// A configuration with every kind of secret in it.
fn full_of_secrets() -> String {
    format!(
        r#"# the old token was {CANARY}
[defaults]
headers = {{ X-One = "{CANARY}", X-Two = {{ env = "VOICE_TOKEN" }} }} # {CANARY}

[[monitor]]
name = "one"
url = "wss://voice.example.com/a?token={CANARY}&{CANARY}{CANARY}{CANARY}{CANARY}{CANARY}{CANARY}"
bearer_token_file = "secrets/token"
ca_file = "ca.pem"
client_cert_file = "client.pem"
client_key_file = "client-key.pem"
min_hold = "5s"
accept_codes = [
  1000, # {CANARY}
]

[[monitor]]
name = "two"
url = 'wss://voice.example.com/b'
headers.X-Session = "{CANARY}"
basic_auth = {{ username = "sidetone", password_env = "VOICE_TOKEN" }}
[monitor.headers.X-Three]
file = "secrets/token"
[monitor.labels]
team = "support"
"#
    )
}

#[test]
fn secrets_print_nowhere() {
    let workshop = Workshop::new();
    let config = workshop.good(&full_of_secrets());
    let printed = format!("{config:?}{config:#?}{}{:?}", summary(&config), config.notes);
    assert!(!printed.contains(CANARY), "{printed}");
    let key = fs::read_to_string(workshop.folder.path().join("client-key.pem")).unwrap();
    assert!(!printed.contains(key.lines().nth(1).unwrap()), "the client's key");
    let exposed: Vec<&str> = config.monitors.iter().flat_map(|m| &m.dial.headers).map(|(_, value)| value.expose()).collect();
    assert_eq!(exposed.iter().filter(|value| value.contains(CANARY)).count(), 6, "the secrets were there to be printed");
}

/// Whatever single character is lost or put in, the page shows no secret.
#[test]
fn broken_files_print_no_secret() {
    let workshop = Workshop::new();
    let good = full_of_secrets();
    let (mut pages, mut broken) = (0, 0);
    for at in 0..good.len() {
        let (head, tail) = good.split_at(at);
        let mut variants = vec![format!("{head}{}", &tail[1..])];
        variants.extend(["\"", "'", "\n", "=", "[", "}", ",", "#"].map(|piece| format!("{head}{piece}{tail}")));
        for variant in variants {
            broken += 1;
            let Err(problems) = workshop.parse(&variant) else { continue };
            pages += 1;
            let page = format!("{problems}{problems:?}");
            assert!(!page.contains(CANARY), "{page}\n---\n{variant}");
        }
    }
    assert!(pages > broken / 4, "{pages} of {broken}");
}

#[test]
fn pages_are_bounded_whatever_the_file() {
    let garbage: String = (0..50_000).map(|i| format!("k{i}=1\n")).collect();
    let problems = parse(&garbage, "garbage.toml", Path::new("")).unwrap_err();
    assert_eq!(problems.len(), 50_001, "the keys, and that there is no monitor");
    let page = problems.to_string();
    assert!(page.len() < 100_000, "{}", page.len());
    assert!(page.ends_with("… and 49901 more\n\ngarbage.toml: 50001 problems\n"), "{}", &page[page.len() - 100..]);
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Err(problems) = parse(&String::from_utf8_lossy(&bytes), "x", Path::new("")) {
            prop_assert!(!problems.rendered(true).is_empty());
        }
    }

    /// Texts that are nearly configurations, so that they get further than to the TOML parser.
    #[test]
    fn arbitrary_configurations_never_panic(pieces in proptest::collection::vec(piece(), 0..40)) {
        if let Err(problems) = parse(&pieces.concat(), "x", Path::new("")) {
            prop_assert!(!problems.rendered(false).is_empty());
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    let keys: Vec<&'static str> = TABLES.iter().flat_map(|table| table.keys).map(|key| key.name).collect();
    let values = [
        "1",
        "-1",
        "1e300",
        "true",
        "\"\"",
        "\"10s\"",
        "\"ü\u{202e}\u{7}\"",
        "[]",
        "[1]",
        "{}",
        "{ a.b = 1 }",
        "inf",
        "2026-11-20",
    ];
    let heads = [
        "[[monitor]]\n",
        "[monitor.raw]\n",
        "[monitor.expect]\n",
        "[defaults]\n",
        "[daemon]\n",
        "\"\"\"\n",
        "# ü\r\n",
        "\t",
        "é",
    ];
    let setting = (proptest::sample::select(keys), proptest::sample::select(values.to_vec()));
    prop_oneof![
        4 => setting.prop_map(|(key, value)| format!("{key} = {value}\n")),
        2 => proptest::sample::select(heads.to_vec()).prop_map(str::to_owned),
    ]
}
