// Reads a slip's QR code with the phone's camera, here on the page: no picture leaves it, none is kept.
(function () {
  "use strict";
  var root = document.querySelector("[data-scan]");
  if (!root) return;
  var video = root.querySelector("video");
  var state = root.querySelector("[data-scan-state]");
  var photo = root.querySelector("input[type=file]");
  var again = root.querySelector("[data-scan-again]");
  var canvas = document.createElement("canvas");
  var pen = canvas.getContext("2d", { willReadFrequently: true });
  var SIDE = 800;
  var PAUSE = 150;
  var SLIP = /\/desk\/q\/[^\/?#\s]{20,200}\/?$/;
  var stream = null;
  var timer = 0;
  var detector = null;
  if (!window.jsQR && window.BarcodeDetector) detector = new window.BarcodeDetector({ formats: ["qr_code"] });

  function say(word, tone) {
    state.textContent = root.dataset[word];
    state.dataset.tone = tone || "";
  }
  function draw(source, width, height) {
    var scale = Math.min(1, SIDE / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  }
  // Answers the text of a code in the picture drawn last, or "".
  function read() {
    if (window.jsQR) {
      var pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
      var code = window.jsQR(pixels.data, canvas.width, canvas.height);
      return Promise.resolve(code ? code.data : "");
    }
    if (!detector) return Promise.resolve("");
    return detector.detect(canvas).then(function (found) { return found.length ? found[0].rawValue : ""; });
  }
  // Opens the slip's own page here, wherever its address points: the signature in it is checked by the server.
  function open(text) {
    var path = SLIP.exec(text.trim());
    if (!path) {
      say("foreign", "bad");
      return false;
    }
    stop();
    say("found", "good");
    window.location.assign(path[0].replace(/\/?$/, "/"));
    return true;
  }
  function look() {
    window.clearTimeout(timer);
    if (!stream) return;
    if (video.readyState < 2) {
      timer = window.setTimeout(look, PAUSE);
      return;
    }
    draw(video, video.videoWidth, video.videoHeight);
    read().then(
      function (text) {
        if (!text || !open(text)) timer = window.setTimeout(look, PAUSE);
      },
      function () { timer = window.setTimeout(look, PAUSE); }
    );
  }
  function stop() {
    window.clearTimeout(timer);
    if (stream) stream.getTracks().forEach(function (track) { track.stop(); });
    stream = null;
    video.srcObject = null;
  }
  function without(word) {
    root.dataset.camera = "none";
    again.hidden = false;
    say(word, "wait");
  }
  function start() {
    if (stream) return;
    again.hidden = true;
    if (!window.jsQR && !detector) return without("nodecoder");
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return without("nocamera");
    say("asking");
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } }, audio: false })
      .then(function (given) {
        stream = given;
        root.dataset.camera = "on";
        video.srcObject = given;
        return video.play();
      })
      .then(function () {
        say("looking");
        look();
      })
      .catch(function (refused) {
        stop();
        without(refused && refused.name === "NotAllowedError" ? "refused" : "nocamera");
      });
  }
  photo.addEventListener("change", function () {
    var file = photo.files[0];
    if (!file) return;
    createImageBitmap(file)
      .then(function (image) {
        draw(image, image.width, image.height);
        image.close();
        return read();
      })
      .then(function (text) { if (!text) say("nothing", "bad"); else open(text); })
      .catch(function () { say("nothing", "bad"); })
      .then(function () { photo.value = ""; });
  });
  again.addEventListener("click", start);
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) stop();
    else start();
  });
  window.addEventListener("pagehide", stop);
  start();
})();
