import type { AnswerPlan } from '../answer/answer-plan.ts';
import { compileAnswer, type AnswerRequest } from '../answer/compile-answer.ts';
import type { Plan } from '../policy/plan.ts';

/** How the answers of plans are written, for as long as the plans are kept. */
export class AnswerCache {
  readonly #answers = new WeakMap<Plan, { readonly answer: AnswerPlan | undefined }>();

  /** @returns nothing where it has to be made of values */
  answer(request: AnswerRequest): AnswerPlan | undefined {
    const known = this.#answers.get(request.plan);
    if (known) return known.answer;
    const answer = compileAnswer(request);
    this.#answers.set(request.plan, { answer });
    return answer;
  }
}
