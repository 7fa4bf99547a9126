// The client signs on the screen: dark ink on a clear ground, sent as a picture with the form.
(function () {
  "use strict";
  var form = document.querySelector("form[data-sign]");
  if (!form) return;
  var canvas = form.querySelector("canvas");
  var field = form.querySelector("[name=signature]");
  var pen = canvas.getContext("2d");
  var drawing = false;
  var drawn = false;
  var last = null;

  function place(event) {
    var box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * canvas.width) / box.width,
      y: ((event.clientY - box.top) * canvas.height) / box.height
    };
  }
  function line(from, to) {
    pen.strokeStyle = "#182124";
    pen.lineWidth = 4;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
    drawn = true;
  }
  canvas.addEventListener("pointerdown", function (event) {
    event.preventDefault();
    drawing = true;
    last = place(event);
    canvas.setPointerCapture(event.pointerId);
    line(last, { x: last.x + 0.1, y: last.y });
  });
  canvas.addEventListener("pointermove", function (event) {
    if (!drawing) return;
    var here = place(event);
    line(last, here);
    last = here;
  });
  ["pointerup", "pointercancel"].forEach(function (name) {
    canvas.addEventListener(name, function () { drawing = false; });
  });
  form.querySelector("[data-sign-clear]").addEventListener("click", function () {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    drawn = false;
    field.value = "";
  });
  form.addEventListener("submit", function () {
    field.value = drawn ? canvas.toDataURL("image/png") : "";
  });
})();
