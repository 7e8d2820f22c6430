// A part of a page: a frame that stays, and slots whose keyed nodes change. What comes is [tag, attributes, ...children];
// texts become text nodes, never HTML. `patch` takes differences only: {slot: {set: {key: node}, order: [key]}}.
import { h, markRaw, reactive, shallowReactive } from "vue";
import { buildNode, startClock } from "cityloom-nodes";

const Part = {
  props: ["node"],
  render() {
    return buildNode(this.node);
  },
};

// A list of parts. Held: pointer or focus is inside; then nothing moves, and what is new waits.
const Slot = {
  props: ["name", "attributes", "state"],
  data: () => ({ over: false, focused: false }),
  computed: {
    held() {
      return this.attributes.hold && (this.over || this.focused);
    },
  },
  watch: {
    held(now) {
      if (!now) this.state.release(this.name);
      else this.state.hold(this.name);
    },
  },
  render() {
    const { tag, hold, ...rest } = this.attributes;
    const list = this.state.slots[this.name];
    const on = hold
      ? {
          onPointerenter: () => (this.over = true),
          onPointerleave: () => (this.over = false),
          onFocusin: () => (this.focused = true),
          onFocusout: (e) => (this.focused = this.$el.contains(e.relatedTarget)),
        }
      : {};
    return h(tag, { ...rest, ...on }, list.shown.map((key) => h(Part, { key, node: list.nodes[key] })));
  },
};

export default {
  props: { first: String },
  emits: ["act"],
  data() {
    const slots = {};
    const { frame, slots: first } = JSON.parse(this.$props.first);
    this.frame = markRaw(frame);
    for (const [name, pairs] of Object.entries(first)) {
      const nodes = shallowReactive({});
      for (const [key, node] of pairs) nodes[key] = markRaw(node);
      const keys = pairs.map(([key]) => key);
      slots[name] = { nodes, shown: keys, next: null, held: false, fresh: 0 };
    }
    return { state: { slots: reactive(slots), hold: this.hold, release: this.release } };
  },
  created() {
    startClock();
  },
  methods: {
    slot(name) {
      return (this.state.slots[name] ??= { nodes: shallowReactive({}), shown: [], next: null, held: false, fresh: 0 });
    },
    patch(changes) {
      for (const [name, change] of Object.entries(changes)) {
        const list = this.slot(name);
        for (const [key, node] of Object.entries(change.set)) list.nodes[key] = markRaw(node);
        if (change.order === null) continue;
        if (list.held) {
          list.next = change.order;
          const there = new Set(list.shown);
          list.fresh = change.order.filter((key) => !there.has(key)).length;
        } else this.settle(list, change.order);
      }
    },
    settle(list, order) {
      list.shown = order;
      list.next = null;
      list.fresh = 0;
      const wanted = new Set(order);
      for (const key of Object.keys(list.nodes)) if (!wanted.has(key)) delete list.nodes[key];
    },
    hold(name) {
      this.slot(name).held = true;
    },
    release(name) {
      const list = this.slot(name);
      list.held = false;
      if (list.next) this.settle(list, list.next);
    },
    letIn(name) {
      const list = this.slot(name);
      if (list.next) this.settle(list, list.next);
    },
    values(form) {
      const out = {};
      if (form) for (const [name, value] of new FormData(form)) out[name] = out[name] ? `${out[name]}\n${value}` : value;
      return out;
    },
    say(element, extra) {
      const { act, key } = element.dataset;
      this.$emit("act", { act, key: key ?? "", values: { ...this.values(element.closest("form")), ...extra } });
    },
    // Where a page is not served as a secure context there is no clipboard to ask for: the old way then.
    async copy(button) {
      const field = document.getElementById(button.dataset.copy);
      if (!field) return;
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        if (!document.execCommand("copy")) return;
      }
      button.textContent = button.dataset.copied;
    },
    clicked(e) {
      const copies = e.target.closest("button[data-copy]");
      if (copies && this.$el.contains(copies)) return this.copy(copies);
      const button = e.target.closest("button[data-act], [data-pick]");
      if (!button || !this.$el.contains(button) || button.type === "submit") return;
      if (button.dataset.act) this.say(button);
    },
    submitted(e) {
      e.preventDefault();
      const by = e.submitter?.dataset.act ? e.submitter : e.target;
      if (by.dataset.act) this.say(by, e.submitter?.name ? { [e.submitter.name]: e.submitter.value } : {});
    },
    changed(e) {
      const form = e.target.closest("form[data-live]");
      if (form) this.say(form);
    },
    placed(node) {
      const [tag, attributes] = node;
      if (tag === "@fresh") {
        const list = this.slot(attributes.slot);
        const text = list.fresh ? attributes.text.replace("{n}", list.fresh) : "";
        const button = list.fresh
          ? h("button", { type: "button", class: "fresh", onClick: () => this.letIn(attributes.slot) }, text)
          : null;
        return h("div", { class: "fresh-place", role: "status" }, [button]);
      }
      const name = tag.slice(1);
      this.slot(name);
      return h(Slot, { name, attributes, state: this.state });
    },
  },
  render() {
    const root = buildNode(this.frame, (node) => this.placed(node), (name) => this.$emit("act", { act: name, key: "", values: {} }));
    root.props = {
      ...root.props,
      onClick: this.clicked,
      onSubmit: this.submitted,
      onChange: this.changed,
    };
    return root;
  },
};
