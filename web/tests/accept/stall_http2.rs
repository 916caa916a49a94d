//! Answers that a client takes too slowly over HTTP/2, whatever else it takes meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use portcullis_web::accept::ServerSettings;
use tokio::time::{interval, sleep};

use crate::client::eventually;
use crate::frames::{DATA, END_HEADERS, END_STREAM, Frames, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, get};
use crate::http2::{client, request};
use crate::service::{MEDIUM, PART, PARTS, Running, start};

/// The window of clients that are too slow.
const SHORT: Duration = Duration::from_millis(400);
/// The window of clients that are slow enough: longer than a loaded machine may keep one of them from its turn.
const LONG: Duration = Duration::from_secs(2);

async fn with_window(window: Duration, bytes_per_second: u32) -> Running {
    start(move |settings: &mut ServerSettings| {
        settings.limits.write_stall = window;
        settings.limits.answer_bytes_per_second = bytes_per_second;
    })
    .await
}

/// A client whose streams begin with this window.
async fn open(running: &Running, window: u32) -> Frames {
    let mut frames = Frames::open(running).await;
    let setting = [&[0, 4][..], &window.to_be_bytes()].concat();
    frames.send(SETTINGS, 0, 0, &setting).await;
    // The connection's window is never in the way.
    frames.send(WINDOW_UPDATE, 0, 0, &0x7000_0000_u32.to_be_bytes()).await;
    frames
}

async fn ask(frames: &mut Frames, stream: u32, path: &str) {
    frames.send(HEADERS, END_HEADERS | END_STREAM, stream, &get(path)).await;
}

async fn make_room(frames: &mut Frames, stream: u32, bytes: u32) {
    let frame = frames.frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes());
    frames.write(&frame).await.unwrap();
}

/// A client that asks something trivial every so often, for which it makes room, and collects which streams were reset; none when the
/// connection was closed.
async fn busy(frames: &mut Frames, stalled: &BTreeSet<u32>, each: u32) -> Option<BTreeSet<u32>> {
    let mut reset = BTreeSet::new();
    let mut ticks = interval(SHORT / 20);
    for stream in (10_001..).step_by(2) {
        if reset.is_superset(stalled) {
            break;
        }
        ticks.tick().await;
        let mut requests = frames.frame(HEADERS, END_HEADERS | END_STREAM, stream, &get("/peer"));
        requests.extend(frames.frame(WINDOW_UPDATE, 0, stream, &0xffff_u32.to_be_bytes()));
        for stalled in stalled.difference(&reset).filter(|_| each > 0) {
            requests.extend(frames.frame(WINDOW_UPDATE, 0, *stalled, &each.to_be_bytes()));
        }
        frames.write(&requests).await.ok()?;
        loop {
            let frame = frames.next().await?;
            match frame.kind {
                RST_STREAM => drop(reset.insert(frame.stream)),
                DATA if frame.stream == stream && frame.flags & END_STREAM > 0 => break,
                _ => {}
            }
        }
    }
    Some(reset)
}

#[tokio::test]
async fn each_stalled_stream_ends_however_busy_the_connection_is() {
    for (path, window, each) in [
        ("/large", 0, 0),
        ("/large", 0, 1),
        ("/large", 1, 0),
        ("/large", 0x0001_0000, 1),
        ("/medium", 0, 0),
        ("/parts", 0, 0),
        ("/parts", 5000, 1),
    ] {
        let running = with_window(SHORT, 16 * 1024).await;
        let mut frames = open(&running, window).await;
        let stalled: BTreeSet<u32> = (1..60).step_by(2).collect();
        for stream in &stalled {
            ask(&mut frames, *stream, path).await;
        }
        assert_eq!(busy(&mut frames, &stalled, each).await, Some(stalled), "{path} {window} {each}");
        assert_eq!(running.counts.open(), 1, "the connection goes on");
    }
}

#[tokio::test]
async fn the_last_bytes_of_a_long_answer_count_as_well() {
    let (all, part) = (u32::try_from(MEDIUM).unwrap(), u32::try_from(PART * PARTS.len()).unwrap());
    for (path, length) in [("/medium", all), ("/parts", part)] {
        let running = with_window(SHORT, 16 * 1024).await;
        let mut frames = open(&running, length - 1).await;
        ask(&mut frames, 1, path).await;
        let stalled = BTreeSet::from([1]);
        assert_eq!(busy(&mut frames, &stalled, 0).await, Some(stalled), "{path}");
    }
}

#[tokio::test]
async fn short_answers_that_nobody_takes_end_the_connection() {
    for (window, each) in [(0, 0), (0, 1), (1, 0), (5000, 0)] {
        let running = with_window(SHORT, 64 * 1024).await;
        let mut frames = open(&running, window).await;
        let stalled: BTreeSet<u32> = (1..20).step_by(2).collect();
        for stream in &stalled {
            ask(&mut frames, *stream, "/short").await;
        }
        assert_eq!(busy(&mut frames, &stalled, each).await, None, "{window} {each}");
        eventually(|| running.counts.open() == 0).await;
    }
}

#[tokio::test]
async fn a_stream_at_full_speed_does_not_excuse_another() {
    let running = with_window(SHORT, 16 * 1024).await;
    let mut frames = open(&running, 0).await;
    ask(&mut frames, 1, "/large").await;
    ask(&mut frames, 3, "/large").await;
    make_room(&mut frames, 3, 0x10000).await;
    let mut ticks = interval(SHORT / 40);
    loop {
        let frame = frames.next().await.expect("the connection goes on");
        match frame.kind {
            DATA => {
                assert_eq!((frame.stream, frame.flags & END_STREAM), (3, 0), "the fast one lasts longer than the window");
                ticks.tick().await;
                make_room(&mut frames, 3, u32::try_from(frame.payload.len()).unwrap()).await;
            }
            RST_STREAM => break assert_eq!(frame.stream, 1),
            _ => {}
        }
    }
}

#[tokio::test]
async fn windows_that_the_settings_move_up_and_down_excuse_nothing() {
    let running = with_window(SHORT, 16 * 1024).await;
    let mut frames = open(&running, 0).await;
    ask(&mut frames, 1, "/large").await;
    let reading = frames.read_on();
    let mut ticks = interval(SHORT / 40);
    let mut window = 0_u32;
    // One byte more each time, taken back in between.
    while running.counts.open() == 1 && window < 8000 {
        ticks.tick().await;
        window += 1;
        let [more, none] = [window, 0].map(|window| frames.frame(SETTINGS, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat()));
        // The stream is reset, and with nothing else on it the connection ends.
        if frames.write(&[more, none].concat()).await.is_err() {
            break;
        }
    }
    assert!(window < 8000);
    eventually(|| running.counts.open() == 0).await;
    reading.abort();
}

#[tokio::test]
async fn a_slow_client_that_keeps_the_rate_gets_its_whole_answer() {
    for (path, length) in [("/medium", MEDIUM), ("/parts", PART * PARTS.len())] {
        let running = with_window(LONG, 16 * 1024).await;
        let mut frames = open(&running, 0).await;
        ask(&mut frames, 1, path).await;
        let (mut received, mut room, mut is_ended) = (0, 0, false);
        // Twice as long as the window in all, at a few times the least rate.
        while !is_ended {
            if received == room {
                sleep(LONG / 4).await;
                make_room(&mut frames, 1, 32 * 1024).await;
                room += 32 * 1024;
            }
            let frame = frames.next().await.expect("the connection goes on");
            assert_ne!(frame.kind, RST_STREAM, "{path}");
            if frame.kind == DATA {
                received += frame.payload.len();
                is_ended = frame.flags & END_STREAM > 0;
            }
        }
        assert_eq!(received, length, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_has_nothing_to_say_may_be_silent() {
    let running = with_window(SHORT, 1024 * 1024).await;
    let mut frames = open(&running, 0xffff).await;
    ask(&mut frames, 1, &format!("/silent?{}", SHORT.as_millis() * 4)).await;
    let mut content = Vec::new();
    while let Some(frame) = frames.next_matching(|frame| frame.stream == 1).await {
        assert_ne!(frame.kind, RST_STREAM);
        if frame.kind == DATA {
            content.extend(frame.payload);
        }
        if frame.flags & END_STREAM > 0 {
            break;
        }
    }
    assert_eq!(content, b"first last");
}

#[tokio::test]
async fn what_follows_a_long_answer_comes_when_it_is_taken() {
    let running = with_window(LONG, 1024).await;
    let mut client = client(&running).await;
    let mut answer = client.send_request(request(Method::GET, "/with-trailers"), true).unwrap().0.await.unwrap();
    let mut received = 0;
    while let Some(part) = answer.body_mut().data().await {
        let part = part.unwrap();
        received += part.len();
        answer.body_mut().flow_control().release_capacity(part.len()).unwrap();
    }
    let trailers = answer.body_mut().trailers().await.unwrap().unwrap();
    assert_eq!((received, trailers["x-sum"].as_bytes()), (MEDIUM, b"7".as_slice()));
    // Not taken, neither it nor what follows it is sent, and the stream ends.
    let mut frames = open(&running, 1).await;
    ask(&mut frames, 1, "/with-trailers").await;
    let reset = frames.next_matching(|frame| frame.stream == 1 && frame.flags & END_STREAM > 0 || frame.kind == RST_STREAM).await;
    assert_eq!(reset.map(|frame| (frame.kind, frame.stream)), Some((RST_STREAM, 1)));
}

#[tokio::test]
async fn a_slow_client_answers_pings_late() {
    let running = start(|settings: &mut ServerSettings| {
        settings.limits.write_stall = LONG * 5;
        settings.limits.http2_ping = SHORT * 2;
        settings.limits.http2_ping_timeout = SHORT * 2;
    })
    .await;
    // A client that reads nothing more for a while answers no ping.
    let mut frames = open(&running, 5000).await;
    ask(&mut frames, 1, "/large").await;
    frames.next_matching(|frame| frame.kind == DATA && frame.stream == 1).await.unwrap();
    sleep(SHORT * 6).await;
    assert_eq!(running.counts.open(), 1, "its answer waits for it");
    // With nothing that waits, a ping without an answer ends the connection.
    let idle = open(&running, 0xffff).await;
    eventually(|| running.counts.accepted() == 2).await;
    eventually(|| running.counts.open() == 1).await;
    drop((frames, idle));
}
