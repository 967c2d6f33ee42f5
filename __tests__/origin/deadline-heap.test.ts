import fc from 'fast-check';
import { DeadlineHeap } from '../../lib/origin/deadline-heap';

it('always has the earliest in front, whatever is added and removed in whatever order', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ remove: fc.nat({ max: 100 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DeadlineHeap<{ dueAt: number; heapIndex: number }>();
      const model: { dueAt: number; heapIndex: number }[] = [];
      for (const action of steps) {
        if ('add' in action) {
          const item = { dueAt: action.add, heapIndex: -1 };
          heap.add(item);
          model.push(item);
        } else if (model.length > 0) {
          const [item] = model.splice(action.remove % model.length, 1);
          if (item) heap.remove(item);
          expect(item?.heapIndex).toBe(-1);
        }
        const earliest = model.length > 0 ? Math.min(...model.map(({ dueAt }) => dueAt)) : undefined;
        expect(heap.earliest?.dueAt).toBe(earliest);
      }
    }),
    { numRuns: 500 },
  );
});
