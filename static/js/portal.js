// Filing a client: what the chosen project asks for.
(function () {
  "use strict";
  var form = document.querySelector("[data-file-form]");
  if (!form) return;
  var choice = form.querySelector("[data-project-choice]");
  function showHint() {
    var option = choice.options[choice.selectedIndex];
    // Without a network there are no hints: the choice itself says what it takes.
    var masked = Boolean(option && option.hasAttribute("data-masked"));
    form.querySelectorAll("[data-project-hint]").forEach(function (hint) {
      hint.hidden = hint.dataset.projectHint !== choice.value;
      if (!hint.hidden && hint.hasAttribute("data-masked")) masked = true;
    });
    showConsultants();
    form.querySelectorAll("[data-placeholder-masked]").forEach(function (input) {
      input.placeholder = masked ? input.dataset.placeholderMasked : "";
    });
  }
  // Those of other projects are put out of reach, not taken out: a draft may bring their project back.
  function showConsultants() {
    var box = form.querySelector("[data-consultants]");
    if (!box) return; // without a network none are offered
    var select = box.querySelector("select");
    var any = false;
    box.querySelectorAll("[data-of-project]").forEach(function (group) {
      var here = group.dataset.ofProject === choice.value;
      group.hidden = group.disabled = !here;
      any = any || here;
      if (!here && group.contains(select.selectedOptions[0])) select.value = "";
    });
    box.hidden = !any;
  }
  choice.addEventListener("change", showHint);
  form.addEventListener("draft:restored", function () {
    showHint();
    var aside = form.querySelector("details:has([name=note])");
    if (aside) aside.open = aside.open || Array.prototype.some.call(aside.querySelectorAll("[name]"), function (el) { return el.value; });
  });
  // Going back, the browser puts the choice in place by itself.
  window.addEventListener("pageshow", showHint);
  showHint();
})();
